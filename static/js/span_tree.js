// A tree of spans by keys: up and down walk its rows, right opens or goes in, left closes or goes out, Home and End jump,
// Enter follows the row's link. One row of each tree is in the tab order. Without script every row is open.

const rowsOf = (tree) => [...tree.querySelectorAll("tbody tr")];
const shown = (tree) => rowsOf(tree).filter((row) => !row.hidden);

function close(tree) {
  const hidden = new Set();
  for (const row of rowsOf(tree)) {
    const under = row.dataset.under;
    row.hidden = hidden.has(under);
    if (row.hidden || row.getAttribute("aria-expanded") === "false") hidden.add(row.dataset.row);
  }
}

function toggle(row, open) {
  if (!row.hasAttribute("aria-expanded")) return;
  row.setAttribute("aria-expanded", String(open));
  close(row.closest("[data-tree]"));
}

function go(row) {
  if (!row) return;
  for (const other of rowsOf(row.closest("[data-tree]"))) other.tabIndex = -1;
  row.tabIndex = 0;
  row.focus();
}

for (const tree of document.querySelectorAll("[data-tree]")) {
  for (const row of rowsOf(tree)) {
    row.tabIndex = -1;
    for (const link of row.querySelectorAll("a")) link.tabIndex = -1;
  }
  const first = tree.querySelector("tbody tr");
  if (first) first.tabIndex = 0;

  tree.addEventListener("keydown", (event) => {
    const row = event.target.closest("tbody tr");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = shown(tree);
    const at = rows.indexOf(row);
    const isOpen = row.getAttribute("aria-expanded") === "true";
    const moves = {
      ArrowDown: () => go(rows[at + 1]),
      ArrowUp: () => go(rows[at - 1]),
      Home: () => go(rows[0]),
      End: () => go(rows[rows.length - 1]),
      ArrowRight: () => (row.getAttribute("aria-expanded") === "false" ? toggle(row, true) : isOpen && go(rows[at + 1])),
      ArrowLeft: () => (isOpen ? toggle(row, false) : go(rows.find((each) => each.dataset.row === row.dataset.under))),
      Enter: () => row.querySelector("a")?.click(),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  });
  tree.addEventListener("click", (event) => {
    const mark = event.target.closest(".span-toggle");
    if (!mark) return;
    const row = mark.closest("tr");
    toggle(row, row.getAttribute("aria-expanded") === "false");
  });
}
