/** What of the frame is open. */
class Layout {
  /** The sidebar is a rail because the person wants it so. */
  rail = $state(false);
  /** The drawer that holds the inspector in a narrow window. */
  drawer = $state(false);
  /** Pages on screen that have an inspector. */
  inspectors = $state(0);
  palette = $state(false);
  shortcuts = $state(false);
  jobs = $state(false);
}

export const layout = new Layout();
