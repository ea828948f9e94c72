// Answering the five questions by keys: 1 to 5 choose a question; y, n, a, c answer it and go to the next open one.
// An answer that needs a reason goes to its reason instead. Without this module the radios work by themselves.

const form = document.querySelector("form[data-review]");
const questions = form ? [...form.querySelectorAll("[data-question]:not(:disabled)")] : [];

const isWriting = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable || element.matches("input:not([type=radio], [type=checkbox], [type=button], [type=submit]), textarea, select"));

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

function answer(letter) {
  const question = current() ?? firstOpen() ?? questions[0];
  const radio = question?.querySelector(`input[data-answer="${letter}"]`);
  if (!radio) return false;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  const needsReason = letter === "n" || letter === "c";
  if (needsReason) {
    choose(question, false);
    question.querySelector(".question-reason input").focus();
    return true;
  }
  const next = firstOpen();
  if (next) choose(next);
  else form.querySelector("button[value=next]").focus();
  return true;
}

if (questions.length) {
  choose(firstOpen() ?? questions[0], false);
  form.addEventListener("focusin", (event) => {
    const question = event.target.closest("[data-question]");
    if (question) choose(question, false);
  });
  // Before the page's own keys: these letters mean something else elsewhere.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (document.documentElement.dataset.keys === "off" || isWriting(event.target) || document.querySelector("dialog[open]")) return;
    const isNumber = /^[1-5]$/.test(event.key);
    const isAnswer = /^[ynac]$/.test(event.key);
    if (!isNumber && !isAnswer) return;
    if (isNumber) choose(questions[Number(event.key) - 1]);
    else if (!answer(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }, { capture: true });
}
