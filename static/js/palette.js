// The command palette: Ctrl-K or Cmd-K opens it, the arrow keys walk what was found, Enter follows, Escape closes.
// Its twin is the search box in the header with the search page behind it.

const palette = document.getElementById("palette");

document.addEventListener("keydown", (event) => {
  if (!(palette instanceof HTMLDialogElement)) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    if (!palette.open) palette.showModal();
    palette.querySelector("input").select();
    return;
  }
  if (!palette.open || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  const stops = [palette.querySelector("input"), ...palette.querySelectorAll("[data-list-item]")];
  const here = stops.indexOf(document.activeElement);
  const next = here + (event.key === "ArrowDown" ? 1 : -1);
  event.preventDefault();
  stops[Math.min(Math.max(next, 0), stops.length - 1)].focus();
});
