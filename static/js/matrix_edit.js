// The matrix while it is edited: select cells by keys, mouse or finger, set them at once, undo, copy, paste.
// A cell shows its new mark at once and is put back, with the server's words, when the save is refused.
// Without script each cell and each row is a page with its own form.

const ANSWERS = { 0: "", 1: "allowed", 2: "review", 3: "never" };
const MARKED = ["matrix-allowed", "matrix-review", "matrix-never", "matrix-blank"];
const CELL = "[data-matrix-edit] [data-cell]";
const STILL_THERE = 409;

let anchor = "";
let isExtending = false;
let isDragging = false;
let hasDragged = false;
let selected = new Set();
let waiting = [];
let queue = Promise.resolve();

const editor = () => document.getElementById("matrix-editor");
const table = () => document.getElementById("matrix");
const panel = () => document.getElementById("matrix-panel");
const cellOf = (element) => element?.closest?.(CELL);
const rowCells = (row) => [...row.querySelectorAll("[data-cell]")];
const allRows = () => [...table().tBodies[0].rows];
const current = () => table()?.querySelector("[data-cell][tabindex='0']") ?? table()?.querySelector("[data-cell]");
const chosen = () => {
  const cells = [...selected].map((id) => document.getElementById(id)).filter(Boolean);
  return cells.length ? cells : [current()].filter(Boolean);
};

// Selecting.

function showSelection(cells) {
  for (const id of selected) unselect(document.getElementById(id));
  selected = new Set(cells.map((cell) => cell.id));
  for (const cell of cells) {
    cell.classList.add("is-selected");
    cell.setAttribute("aria-selected", "true");
  }
  if (cells.length > 1) say(`${cells.length} cells selected. ${counted(cells)}`);
}

function unselect(cell) {
  cell?.classList.remove("is-selected");
  cell?.removeAttribute("aria-selected");
}

function counted(cells) {
  const words = { allowed: "allowed", review: "review", never: "never", blank: "without a row" };
  return Object.entries(words)
    .map(([key, word]) => [cells.filter((cell) => cell.classList.contains(`matrix-${key}`)).length, word])
    .filter(([count]) => count)
    .map(([count, word]) => `${count} ${word}`)
    .join(", ");
}

function say(text) {
  const sentence = document.getElementById("matrix-sentence");
  if (sentence) sentence.textContent = text;
}

function place(cell) {
  return [allRows().indexOf(cell.parentElement), rowCells(cell.parentElement).indexOf(cell)];
}

function extendTo(cell) {
  const from = document.getElementById(anchor) ?? cell;
  const [[top, left], [bottom, right]] = [place(from), place(cell)];
  const rows = allRows().slice(Math.min(top, bottom), Math.max(top, bottom) + 1);
  showSelection(rows.flatMap((row) => rowCells(row).slice(Math.min(left, right), Math.max(left, right) + 1)));
}

function begin(cell) {
  anchor = cell.id;
  showSelection([cell]);
}

const column = (cell) => allRows().map((row) => rowCells(row)[place(cell)[1]]);

document.addEventListener("focusin", (event) => {
  const cell = cellOf(event.target);
  if (!cell || event.target !== cell) return;
  if (isExtending) extendTo(cell);
  else if (!selected.has(cell.id) || selected.size > 1) begin(cell);
});

document.addEventListener("pointerdown", (event) => {
  const cell = cellOf(event.target);
  hasDragged = false;
  isDragging = Boolean(cell) && event.button === 0 && event.pointerType === "mouse";
  isExtending = isDragging && event.shiftKey;
});
document.addEventListener("pointerover", (event) => {
  const cell = cellOf(event.target);
  if (cell) cell.title = cell.dataset.sentence;
  if (!cell || !isDragging || cell.id === current()?.id) return;
  hasDragged = true;
  isExtending = true;
  cell.focus({ preventScroll: true });
});
document.addEventListener("pointerup", () => {
  isDragging = false;
  isExtending = false;
});
document.addEventListener("dragstart", (event) => {
  if (cellOf(event.target)) event.preventDefault();
});

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.button) return;
  const cell = cellOf(event.target);
  if (cell) {
    event.preventDefault();
    isExtending = event.shiftKey || hasDragged;
    if (!hasDragged) cell.focus();
    isExtending = false;
    return;
  }
  const head = event.target.closest?.("[data-select-row], [data-select-column]");
  if (head && event.detail < 2) return selectLine(event, head);
  pressed(event);
});
document.addEventListener("dblclick", (event) => {
  const cell = cellOf(event.target);
  if (cell) return openPanel(cell.querySelector("a").href, cell);
  const head = event.target.closest?.("[data-select-row], [data-select-column]");
  if (head) openPanel(head.href, null);
});

function selectLine(event, head) {
  // By keyboard, and on a narrow screen, a name opens its list.
  const isByHand = event.detail > 0 && window.matchMedia("(width >= 40rem)").matches;
  event.preventDefault();
  if (!isByHand) return openPanel(head.href, null);
  const name = head.dataset.selectRow;
  const cells = name
    ? rowCells(head.closest("tr"))
    : [...table().querySelectorAll(`[data-cell$=".${CSS.escape(head.dataset.selectColumn)}"]`)];
  if (!cells.length) return;
  cells[0].focus({ preventScroll: true });
  anchor = cells[0].id;
  showSelection(cells);
}

// Buttons around the grid.

function pressed(event) {
  const button = event.target.closest?.("[data-set], [data-open-cell], [data-close-panel], [data-matrix-copy]");
  if (!button || !editor()?.contains(button)) return;
  if (button.dataset.set !== undefined) setCells(chosen(), button.dataset.set);
  else if ("openCell" in button.dataset) openPanel(chosen()[0].querySelector("a").href, chosen()[0]);
  else if ("matrixCopy" in button.dataset) copyAll();
  else {
    event.preventDefault();
    closePanel();
  }
}

function openPanel(address, cell) {
  const shown = window.htmx.ajax("GET", address, { target: "#matrix-panel", swap: "innerHTML" });
  shown?.then?.(() => {
    window.history.replaceState(window.history.state, "", address);
    panel().dataset.cameFrom = cell?.id ?? "";
    panel().querySelector("h2")?.focus();
  });
}

function closePanel() {
  const address = panel().querySelector("[data-close-panel]")?.href;
  const from = document.getElementById(panel().dataset.cameFrom ?? "") ?? current();
  panel().replaceChildren();
  if (address) window.history.replaceState(window.history.state, "", address);
  from?.focus();
}

// Keys.

document.addEventListener("keydown", (event) => {
  isExtending = event.shiftKey && event.key.startsWith("Arrow") && Boolean(cellOf(event.target));
}, true);
document.addEventListener("keyup", () => { isExtending = false; });

document.addEventListener("keydown", (event) => {
  if (!editor()?.contains(event.target) || event.altKey || event.isComposing) return;
  const isWriting = event.target.matches("input, textarea, select");
  if (event.key === "Escape" && panel().childElementCount) return closePanel();
  if (isWriting) return;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) return withControl(event, key);
  const cell = cellOf(event.target);
  if (!cell || event.target !== cell) return;
  if (event.key in ANSWERS) setCells(chosen(), ANSWERS[event.key]);
  else if (event.key === "Delete" || event.key === "Backspace") setCells(chosen(), "");
  else if (event.key === "Enter") openPanel(cell.querySelector("a").href, cell);
  else if (event.key === " " && event.shiftKey) showSelection(rowCells(cell.parentElement));
  else return;
  event.preventDefault();
});

function withControl(event, key) {
  const cell = cellOf(event.target);
  const isRedo = key === "y" || (key === "z" && event.shiftKey);
  if (key === "z" || isRedo) undo(document.querySelector(`[data-matrix-undo="${isRedo ? "Redo" : "Undo"}"]`));
  else if (cell && key === "a") showSelection([...table().querySelectorAll("[data-cell]")]);
  else if (cell && key === " ") showSelection(column(cell));
  else return;
  event.preventDefault();
}

// Saving: one after another, each over what the one before left.

function setCells(cells, answer) {
  const form = document.getElementById("matrix-cells-form");
  if (!form || !cells.length) return;
  const edit = { ids: cells.map((cell) => cell.id), answer, before: new Map() };
  for (const cell of cells) {
    edit.before.set(cell.id, cell.outerHTML);
    mark(cell, answer);
  }
  waiting.push(edit);
  enqueue(form.action, () => {
    const body = new FormData(form);
    body.set("revision", document.getElementById("matrix-undo").dataset.revision);
    body.set("authority", answer);
    for (const id of edit.ids) {
      const cell = document.getElementById(id);
      if (cell) body.append("cell", `${cell.dataset.cell}:${cell.dataset.seen}`);
    }
    return body;
  }, edit);
}

function undo(form) {
  if (!form || form.querySelector("button").disabled) return;
  const body = () => {
    // The buttons are drawn anew by each answer: what stands there when its turn comes counts.
    const now = form.isConnected ? form : document.querySelector(`[data-matrix-undo="${form.dataset.matrixUndo}"]`);
    const data = new FormData(now ?? form);
    data.set("revision", document.getElementById("matrix-undo").dataset.revision);
    return data;
  };
  enqueue(form.action, body, null);
}
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-matrix-undo]")) return;
  event.preventDefault();
  undo(event.target);
});

function enqueue(address, body, edit) {
  queue = queue.then(() => send(address, body(), edit)).catch(() => failed(edit, ""));
}

async function send(address, body, edit) {
  const answer = await fetch(address, { method: "POST", body, headers: { "HX-Request": "true" }, redirect: "manual" });
  const text = answer.type === "opaqueredirect" ? "" : await answer.text();
  const came = new DOMParser().parseFromString(text, "text/html");
  if (!came.getElementById("matrix-undo")) return failed(edit, "");
  const words = came.querySelector("[data-matrix-problem]")?.textContent ?? "";
  if (answer.ok || answer.status === STILL_THERE) finish(edit);
  else failed(edit, words);
  absorb(came);
  if (words && (answer.ok || answer.status === STILL_THERE)) toast(words);
}

const finish = (edit) => { waiting = waiting.filter((each) => each !== edit); };

function failed(edit, words) {
  finish(edit);
  const later = new Set(waiting.flatMap((each) => each.ids));
  for (const [id, html] of edit?.before ?? []) {
    const cell = document.getElementById(id);
    if (cell && !later.has(id)) replace(cell, parsedCell(html));
  }
  toast(words || "Nothing was saved: the server could not answer. Try again in a moment.");
}

function toast(text) {
  say(text);
  document.dispatchEvent(new CustomEvent("toast", { detail: { text } }));
}

function mark(cell, answer) {
  cell.classList.remove(...MARKED);
  cell.classList.add(`matrix-${answer || "blank"}`, "is-saving");
  const shape = document.querySelector(`[data-mark="${answer}"]`)?.content.cloneNode(true);
  const inner = cell.querySelector(".matrix-inner");
  inner.querySelector(":scope > svg")?.remove();
  if (shape) inner.prepend(shape);
}

// What an answer brings: the changed cells, the buttons after them, nothing else.

function absorb(came) {
  let isMissing = false;
  for (const fresh of came.querySelectorAll("td[data-cell]")) {
    const cell = document.getElementById(fresh.id);
    if (cell) replace(cell, document.adoptNode(fresh));
    else isMissing = true;
  }
  for (const edit of waiting) {
    for (const id of edit.ids) mark(document.getElementById(id), edit.answer);
  }
  for (const id of ["matrix-undo", "matrix-edits"]) {
    const [old, fresh] = [document.getElementById(id), came.getElementById(id)];
    if (!old || !fresh) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceWith(document.adoptNode(fresh));
    if (focused) document.getElementById(focused)?.focus();
  }
  if (isMissing) refresh();
}

function replace(cell, fresh) {
  const isFocused = cell === document.activeElement;
  fresh.tabIndex = cell.tabIndex;
  fresh.classList.toggle("is-tier-start", cell.classList.contains("is-tier-start"));
  fresh.classList.toggle("is-chosen", cell.classList.contains("is-chosen"));
  fresh.classList.toggle("is-selected", selected.has(cell.id));
  if (selected.has(cell.id)) fresh.setAttribute("aria-selected", "true");
  cell.replaceWith(fresh);
  if (isFocused) {
    const kept = selected;
    fresh.focus({ preventScroll: true });
    showSelection([...kept].map((id) => document.getElementById(id)).filter(Boolean));
    if (kept.size < 2) say(fresh.dataset.sentence);
  }
}

function parsedCell(html) {
  const came = new DOMParser().parseFromString(`<table><tbody><tr>${html}</tr></tbody></table>`, "text/html");
  const cell = document.adoptNode(came.querySelector("td"));
  cell.classList.remove("is-saving");
  return cell;
}

function refresh() {
  window.htmx.ajax("GET", window.location.href, { target: "#matrix-editor", swap: "outerHTML" });
}

document.addEventListener("htmx:afterSwap", () => {
  reveal();
  // What had the focus was swapped away with the old panel.
  if (document.activeElement === document.body) panel()?.querySelector("h2")?.focus();
  const changed = document.querySelector("template[data-matrix-changed]");
  if (!changed) return;
  const came = document.implementation.createHTMLDocument("");
  came.body.append(came.importNode(changed.content, true));
  changed.remove();
  absorb(came);
});

// To a spreadsheet and back.

function copied(cells) {
  const rows = new Map();
  for (const cell of cells) rows.set(cell.parentElement, [...(rows.get(cell.parentElement) ?? []), cell.dataset.copy]);
  return [...rows.values()].map((row) => row.join("\t")).join("\n");
}

function withNames() {
  const names = [...table().querySelectorAll("[data-select-column]")].map((head) => head.textContent.trim());
  const rows = allRows().map((row) => {
    const name = row.querySelector("[data-select-row]").textContent.trim();
    return [name, ...rowCells(row).map((cell) => cell.dataset.copy)].join("\t");
  });
  return [["System", ...names].join("\t"), ...rows].join("\n");
}

async function copyAll() {
  const cells = chosen();
  await navigator.clipboard.writeText(cells.length > 1 ? copied(cells) : withNames());
  toast(cells.length > 1 ? `${cells.length} cells copied.` : "The whole matrix is copied, with its names.");
}

document.addEventListener("copy", (event) => {
  if (!cellOf(event.target) || !window.getSelection()?.isCollapsed) return;
  event.preventDefault();
  const isAll = selected.size === table().querySelectorAll("[data-cell]").length;
  event.clipboardData.setData("text/plain", isAll ? withNames() : copied(chosen()));
});
document.addEventListener("paste", (event) => {
  const cell = cellOf(document.activeElement);
  const form = document.getElementById("matrix-paste-form");
  if (!cell || !form) return;
  event.preventDefault();
  const first = chosen()[0];
  form.elements.at.value = first.dataset.cell;
  form.elements.text.value = event.clipboardData.getData("text/plain");
  form.requestSubmit();
});

function reveal() {
  for (const part of document.querySelectorAll("[data-needs-script][hidden]")) part.hidden = false;
  const cell = current();
  if (cell && !table().querySelector("[data-cell][tabindex='0']")) cell.tabIndex = 0;
  for (const head of document.querySelectorAll(".matrix-edit .matrix-verb a")) head.tabIndex = -1;
}
reveal();
