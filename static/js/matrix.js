// Arrow keys walk the authority matrix; the sentence under it reads the chosen cell aloud.

function choose(cell) {
  const table = cell.closest("[data-matrix]");
  for (const other of table.querySelectorAll("[data-sentence]:is(.is-chosen, [tabindex='0'])")) {
    other.tabIndex = -1;
    other.classList.remove("is-chosen");
  }
  cell.tabIndex = 0;
  cell.classList.add("is-chosen");
  const sentence = document.querySelector(`[data-matrix-sentence="${CSS.escape(table.id)}"]`);
  if (sentence) sentence.textContent = cell.dataset.sentence;
}

function neighbour(cell, key) {
  const row = cell.parentElement;
  const cells = [...row.querySelectorAll("[data-sentence]")];
  const at = cells.indexOf(cell);
  if (key === "ArrowRight") return cells[at + 1];
  if (key === "ArrowLeft") return cells[at - 1];
  if (key === "Home") return cells[0];
  if (key === "End") return cells[cells.length - 1];
  const other = key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
  return other?.querySelectorAll("[data-sentence]")[at];
}

function prepare(root) {
  for (const table of root.querySelectorAll("[data-matrix]")) {
    const first = table.querySelector("[data-sentence]");
    if (first && !table.querySelector("[data-sentence][tabindex='0']")) first.tabIndex = 0;
  }
}

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.("[data-matrix] [data-sentence]");
  if (!cell || event.target !== cell || event.ctrlKey || event.metaKey || event.altKey) return;
  const next = neighbour(cell, event.key);
  if (!next || !["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
  event.preventDefault();
  choose(next);
  next.focus();
});
document.addEventListener("click", (event) => {
  const cell = event.target.closest?.("[data-matrix] [data-sentence]");
  if (cell) choose(cell);
});
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-matrix] [data-sentence]")) choose(event.target);
});
prepare(document);
document.addEventListener("htmx:afterSwap", () => prepare(document));
