/**
 * Dark or light: as the system says, until the button chooses; the choice is remembered.
 * A classic script, loaded before the first paint, so that no page flashes in the other theme.
 */
{
  const KEY = "gaxx-mon.theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  /** The remembered choice; null where there is none, or the browser keeps no storage for this page. */
  const remembered = () => {
    try {
      const theme = localStorage.getItem(KEY);
      return theme === "dark" || theme === "light" ? theme : null;
    } catch {
      return null;
    }
  };

  const remember = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // The choice then lasts as long as the page.
    }
  };

  const show = (theme) => {
    root.dataset.theme = theme;
    document.querySelector("#theme")?.setAttribute("aria-label", `Switch to the ${theme === "dark" ? "light" : "dark"} theme`);
  };

  const showPresent = () => show(remembered() ?? (system.matches ? "dark" : "light"));

  showPresent();
  system.addEventListener("change", showPresent);
  document.addEventListener("DOMContentLoaded", () => {
    showPresent();
    document.querySelector("#theme").addEventListener("click", () => {
      const theme = root.dataset.theme === "dark" ? "light" : "dark";
      remember(theme);
      show(theme);
    });
  });
}
