/** Below this width the inspector is a drawer; the styles know the same figure. */
const NARROW_REM = 75;

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

  /** Shows the inspector: in a wide window it is there anyway. */
  showInspector(): void {
    const { fontSize } = window.getComputedStyle(document.documentElement);
    if (window.innerWidth < NARROW_REM * parseFloat(fontSize)) this.drawer = true;
  }
}

export const layout = new Layout();
