// A form with data-autosave saves itself while somebody types, and loses nothing on the way: not when the
// server is away, not when they were signed out, not when they leave at once. The Save button is its twin.

const RETRY_SECONDS = [2, 5, 10, 20, 30];
const OWN_FIELDS = new Set(["csrfmiddlewaretoken", "revision", "seen", "page", "their_revision", "their_seen"]);
const WHOLE_PAGE = /^\s*<!doctype html/i;
const form = document.querySelector("form[data-autosave]");

if (form) keep(form);

function keep(form) {
  let saved = words();
  let sent = saved;
  let flying = false;
  let trouble = "";
  let tries = 0;
  let timer = 0;
  let then = null;
  let cameSignIn = false;

  function words() {
    return JSON.stringify([...new FormData(form)].filter(([name]) => !OWN_FIELDS.has(name)));
  }
  const isDirty = () => words() !== saved;
  const isConflict = () => Boolean(form.elements.their_revision);

  function say(kind) {
    const state = document.getElementById("saved-state");
    const template = document.querySelector(`template[data-unsaved-words="${kind}"]`);
    if (!state || !template || trouble === kind) return;
    for (const child of [...state.children]) if (!child.matches("input")) child.remove();
    state.append(template.content.cloneNode(true));
    trouble = kind;
  }

  function save() {
    window.clearTimeout(timer);
    if (!flying) window.htmx.trigger(form, "save-now");
  }

  function again() {
    window.clearTimeout(timer);
    timer = window.setTimeout(save, RETRY_SECONDS[Math.min(tries, RETRY_SECONDS.length - 1)] * 1000);
    tries += 1;
  }

  // After signing in elsewhere the session has another token; without it the server refuses the words.
  async function renewToken() {
    try {
      const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok || answer.redirected) return false;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const token = page.querySelector("form[data-autosave] [name=csrfmiddlewaretoken]")?.value;
      if (!token) return false;
      form.elements.csrfmiddlewaretoken.value = token;
      document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
      return true;
    } catch {
      return false;
    }
  }

  async function recover() {
    if (trouble === "signed-out" && !(await renewToken())) return;
    if (trouble) save();
  }

  function finish() {
    const next = then;
    then = null;
    next?.();
  }

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt !== form) return;
    flying = true;
    cameSignIn = false;
    sent = words();
  });

  // What came of this form's words is told here, beside them, and not by the page's general scripts.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.requestConfig?.elt !== form || !WHOLE_PAGE.test(event.detail.xhr.responseText)) return;
    event.stopPropagation();
    event.detail.shouldSwap = false;
    cameSignIn = event.detail.xhr.status < 300;
  }, true);
  for (const name of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(name, (event) => { if (event.detail.elt === form) event.stopPropagation(); }, true);
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt !== form) return;
    flying = false;
    const status = event.detail.xhr?.status ?? 0;
    if (status >= 200 && status < 300 && !cameSignIn) taken();
    else missed(status);
  });

  function taken() {
    saved = sent;
    trouble = "";
    tries = 0;
    if (then && isDirty()) save();
    else finish();
  }

  function missed(status) {
    then = null;
    if (status === 409 || status === 422) return;
    if (cameSignIn || status === 401) say("signed-out");
    else if (status === 403) refused();
    else {
      say(status ? "refused" : "offline");
      again();
    }
  }

  async function refused() {
    const wasTried = trouble === "forbidden";
    say("forbidden");
    if (!wasTried && (await renewToken())) save();
  }

  form.addEventListener("submit", (event) => {
    const isChoice = event.submitter?.name === "keep";
    if (isChoice) saved = words();
    if (isChoice || (!flying && !isDirty() && !trouble)) return;
    // First the words are safe, then the page is left.
    event.preventDefault();
    const submitter = event.submitter;
    then = () => form.requestSubmit(submitter);
    save();
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || link.target) return;
    if (link.dataset.useWords) {
      event.preventDefault();
      start(document.getElementById(link.dataset.useWords)?.textContent ?? "");
      return;
    }
    if (link.origin !== window.location.origin || trouble || isConflict() || (!flying && !isDirty())) return;
    event.preventDefault();
    then = () => window.location.assign(link.href);
    save();
  });

  function start(text) {
    const box = form.querySelector("textarea");
    if (!box || !text) return;
    box.value = box.value.trim() ? `${box.value.trimEnd()}\n\n${text}` : text;
    box.focus();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    const button = form.querySelector("[data-go-on]");
    if (!button) return;
    event.preventDefault();
    form.requestSubmit(button);
  });

  window.addEventListener("online", recover);
  window.addEventListener("focus", recover);
  window.addEventListener("beforeunload", (event) => {
    if (isDirty() && (trouble || isConflict())) event.preventDefault();
  });
  window.addEventListener("pagehide", () => {
    if (!isDirty() || trouble || isConflict()) return;
    const data = new FormData(form);
    fetch(form.action, { method: "POST", body: data, keepalive: true, headers: { "HX-Request": "true" } });
  });
}
