/** The shapes that are offered, as counts of control planes and workers. Pure. */
import type { ClusterPreset } from "../../../platform/generated/api";

export const PRESETS = ["solo", "small", "control_plane", "high_availability"] as const;

export const presetCounts: Record<ClusterPreset, readonly [control: number, workers: number]> = {
  solo: [1, 0],
  small: [1, 2],
  control_plane: [3, 0],
  high_availability: [3, 2],
};

export const presetOf = (control: number, workers: number): ClusterPreset | undefined =>
  PRESETS.find((one) => presetCounts[one][0] === control && presetCounts[one][1] === workers);
