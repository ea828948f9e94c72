// The registry's pages: set a cell of the matrix by one key, and print the one page.
// Without script each cell is a link to its own form, and printing is the browser's.

const ANSWERS = { 0: "", 1: "allowed", 2: "review", 3: "never" };
let focusAfterSwap = "";

function setCell(cell, authority) {
  const form = document.getElementById("quick-cell");
  if (!form || !window.htmx) return;
  form.elements.authority.value = authority;
  form.elements.seen.value = cell.dataset.seen;
  focusAfterSwap = cell.id;
  const values = Object.fromEntries(new FormData(form));
  window.htmx.ajax("POST", cell.dataset.action, { source: form, target: "#matrix-editor", swap: "outerHTML", values });
}

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.("[data-matrix-edit] [data-sentence]");
  if (!cell || event.target !== cell || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in ANSWERS) {
    event.preventDefault();
    setCell(cell, ANSWERS[event.key]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    focusAfterSwap = "cell-title";
    cell.querySelector("a")?.click();
  }
});

document.addEventListener("htmx:afterSwap", () => {
  if (!focusAfterSwap) return;
  document.getElementById(focusAfterSwap)?.focus();
  focusAfterSwap = "";
});

document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-print]")) return;
  event.preventDefault();
  window.print();
});
