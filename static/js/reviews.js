// Answering the five questions by keys: 1 to 5 choose a question; y, n, a, c answer it and go to the next open one.
// An answer that needs a reason goes to its reason instead; f opens a finding; Escape leaves a field, so that keys work
// again. keys.js says when keys rest. What was typed is kept by itself (hx-trigger on the form), and once more when the
// page is left. Without this module the radios and buttons work by themselves.

const form = document.querySelector("form[data-review], #settle-form");
const questions = form ? [...form.querySelectorAll("[data-question]:not(:disabled)")] : [];

const current = () => questions.find((question) => question.hasAttribute("data-current"));
const firstOpen = () => questions.find((question) => !question.querySelector("input[type=radio]:checked"));

function choose(question, takesFocus = true) {
  for (const other of questions) other.toggleAttribute("data-current", other === question);
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
  const next = firstOpen();
  if (next) choose(next);
  else document.querySelector(`button[form="${form.id}"][data-key]`)?.focus();
  return true;
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
    if (question) choose(question, false);
  });
  form.addEventListener("change", (event) => {
    if (event.target.matches("input[type=radio]")) offerReasons(event.target.closest("[data-question]"));
  });
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
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const field = event.target;
  if (!(field instanceof HTMLElement) || !field.closest(".review-questions")) return;
  const question = field.closest("[data-question]");
  const finding = field.closest("#finding");
  if (finding) finding.open = false;
  if (question && field.matches("select, input[type=text]")) {
    // On to what is still open, as after an answer that needed no reason.
    choose(firstOpen() ?? question);
  } else field.blur();
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
  window.addEventListener("pagehide", () => {
    if (!isDirty || isSaved) return;
    const words = new FormData(form);
    words.set("go", "draft");
    navigator.sendBeacon(form.action, words);
    isDirty = false;
  });
}
