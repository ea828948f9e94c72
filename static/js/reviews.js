// Answering the five questions by keys: 1 to 5 choose a question; y, n, a, c answer it and go to the next open one.
// An answer that needs a reason goes to its reason instead, where all keys go on working: arrows choose, Enter goes on.
// In one's own words keys rest; Enter and Escape go on. f opens a finding. keys.js says when else keys rest. What was typed is kept by itself (hx-trigger on the form), and once more when the
// page is left. Without this module the radios and buttons work by themselves.

const form = document.querySelector("form[data-review], #settle-form");
const questions = form ? [...form.querySelectorAll("[data-question]:not(:disabled)")] : [];

const current = () => questions.find((question) => question.hasAttribute("data-current"));
const firstOpen = () => questions.find((question) => !question.querySelector("input[type=radio]:checked"));

// Marking moves nothing: what is pressed must stay under the pointer until it is let go.
function mark(question) {
  for (const other of questions) other.toggleAttribute("data-current", other === question);
}

function choose(question, takesFocus = true) {
  mark(question);
  if (!question) return;
  question.scrollIntoView({ block: "nearest" });
  if (!takesFocus) return;
  const radio = question.querySelector("input[type=radio]:checked") ?? question.querySelector("input[type=radio]");
  radio.focus({ preventScroll: true });
}

// Of the reasons only those of the chosen answer are offered.
function offerReasons(question) {
  const chosen = question.querySelector("input[type=radio]:checked")?.value ?? "";
  for (const group of question.querySelectorAll("[data-for]")) {
    group.hidden = group.dataset.for !== chosen;
    group.disabled = group.hidden;
  }
  const select = question.querySelector("[data-reason-code]");
  if (select?.selectedOptions[0]?.parentElement.hidden) select.value = "";
}

function answer(letter) {
  const question = current() ?? firstOpen() ?? questions[0];
  const radio = question?.querySelector(`input[data-answer="${letter}"]`);
  if (!radio) return false;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  const reason = question.querySelector("[data-reason-code]");
  if (reason && (letter === "n" || letter === "c")) {
    choose(question, false);
    reason.focus();
    return true;
  }
  goOn();
  return true;
}

// On to what is still open; when nothing is, to the button that saves.
function goOn() {
  const next = firstOpen();
  if (next) choose(next);
  else document.querySelector(`button[form="${form.id}"][data-key]`)?.focus();
}

function openFinding() {
  const finding = document.getElementById("finding");
  if (!finding) return false;
  finding.open = true;
  finding.scrollIntoView({ block: "nearest" });
  finding.querySelector("select, textarea, input:not([type=hidden])")?.focus();
  return true;
}

if (questions.length) {
  for (const question of questions) offerReasons(question);
  choose(firstOpen() ?? questions[0], false);
  form.addEventListener("focusin", (event) => {
    const question = event.target.closest("[data-question]");
    if (question) mark(question);
  });
  form.addEventListener("change", (event) => {
    if (event.target.matches("input[type=radio]")) offerReasons(event.target.closest("[data-question]"));
  });
}

// The list is open where there is room for it, and shows the run that is being read.
const fold = document.getElementById("sample-list");
function showCurrentRow() {
  const row = fold?.querySelector("[aria-current]");
  const box = [fold?.querySelector(".review-rows"), fold?.closest("nav")].find((each) => each && each.scrollHeight > each.clientHeight + 1);
  if (!row || !box || !fold.open) return;
  const [inner, outer] = [row.getBoundingClientRect(), box.getBoundingClientRect()];
  box.scrollTop += inner.top - outer.top - (box.clientHeight - inner.height) / 2;
}
if (fold) {
  fold.addEventListener("toggle", showCurrentRow);
  fold.open = matchMedia("(width >= 93.75rem)").matches;
  showCurrentRow();
}

document.addEventListener("keys:press", (event) => {
  const { key } = event.detail;
  if (document.querySelector("dialog[open]")) return;
  let isTaken = false;
  if (key === "f") isTaken = openFinding();
  else if (/^[1-5]$/.test(key)) {
    const chosen = questions.find((question) => question.dataset.question === key);
    if (chosen) choose(chosen);
    isTaken = Boolean(chosen);
  } else if (questions.length && /^[ynac]$/.test(key)) isTaken = answer(key);
  if (isTaken) event.preventDefault();
});

document.addEventListener("keydown", (event) => {
  if (!["Escape", "Enter"].includes(event.key) || event.isComposing || document.querySelector("dialog[open]")) return;
  const field = event.target;
  if (!(field instanceof HTMLElement) || !field.closest(".review-questions")) return;
  const question = field.closest("[data-question]");
  if (question && field.matches("select, input[type=text]")) {
    event.preventDefault();
    const needsWords = field.matches("select") && event.key === "Enter" && ["", "other"].includes(field.value);
    if (needsWords) question.querySelector("input[type=text]").focus();
    else goOn();
    return;
  }
  if (event.key === "Enter") return;
  const finding = field.closest("#finding");
  if (finding) finding.open = false;
  field.blur();
});

// A letter that is no key of this page chooses no reason by its first letter: which it would be, nobody could foresee.
window.addEventListener("keydown", (event) => {
  const isLetter = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
  const isOff = document.documentElement.dataset.keys === "off";
  if (isLetter && !isOff && event.target.matches?.("[data-keys-through]")) event.preventDefault();
});

// What was typed in the last second goes out with the page; the server keeps it like any draft.
const isDraft = form?.hasAttribute("hx-post") && form.hasAttribute("data-review");
let isDirty = false;
let isSaved = false;
if (isDraft) {
  form.addEventListener("input", () => { isDirty = true; });
  form.addEventListener("change", () => { isDirty = true; });
  form.addEventListener("submit", () => { isSaved = true; });
  form.addEventListener("htmx:beforeSend", () => { isDirty = false; });
  // Another form on this page may leave it; the answers are kept before it does.
  document.addEventListener("submit", (event) => {
    if (event.target === form || !isDirty) return;
    const words = new FormData(form);
    words.set("go", "draft");
    isDirty = false;
    fetch(form.action, { method: "POST", body: words, keepalive: true, headers: { "HX-Request": "true" } })
      .then((answer) => answer.text())
      .then((said) => { if (said.includes("review-kept")) document.getElementById("review-kept").innerHTML = said; })
      .catch(() => { isDirty = true; });
  }, true);
  window.addEventListener("pagehide", () => {
    if (!isDirty || isSaved) return;
    const words = new FormData(form);
    words.set("go", "draft");
    navigator.sendBeacon(form.action, words);
    isDirty = false;
  });
}
