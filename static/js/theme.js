// The theme changes at once and is stored by the form's own address; without this module the form does both.

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form || !event.submitter) return;
  event.preventDefault();
  const { value } = event.submitter;
  if (value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
  const scheme = value === "system" ? "light dark" : value;
  document.querySelector("meta[name=color-scheme]")?.setAttribute("content", scheme);
  for (const button of form.querySelectorAll("button[name=theme]")) {
    const isOn = button === event.submitter;
    const mark = form.querySelector(".is-on svg");
    button.setAttribute("aria-pressed", String(isOn));
    if (isOn && mark) button.querySelector(".is-on").append(mark);
  }
  const body = new FormData(form, event.submitter);
  await fetch(form.action, { method: "POST", body, redirect: "manual" });
  form.closest("details")?.removeAttribute("open");
});
