// Loaded before the first paint, so that the appearance chosen on this device does not flash.
try {
  const chosen = localStorage.getItem("appearance");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be switched off: the device's own appearance then applies.
}
