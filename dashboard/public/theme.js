// Runs before the first paint: the theme that was chosen here, or else that of the system.
try {
  const theme = localStorage.getItem("bartizan.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be closed to us; then the system decides.
}
