// Keeps "6 min ago" and "12 min left" true while a page stays open. The words match portal/config/filters.py.

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

function rough(seconds) {
  if (seconds < 45) return `${Math.round(seconds)}\u00a0s`;
  if (seconds < 45 * MINUTE) return `${Math.max(1, Math.round(seconds / MINUTE))}\u00a0min`;
  if (seconds < 22 * HOUR) return `${Math.max(1, Math.round(seconds / HOUR))}\u00a0h`;
  const days = Math.max(1, Math.round(seconds / DAY));
  return `${days}\u00a0${days === 1 ? "day" : "days"}`;
}

// Nights and days off are not counted before `data-from`; from there on it is a countdown.
function until(element) {
  if (Date.now() >= Date.parse(element.dataset.from)) return null;
  const due = new Date(element.dateTime);
  const timeZone = element.dataset.zone;
  const dayOf = (moment) => Date.parse(new Intl.DateTimeFormat("en-CA", { timeZone }).format(moment));
  const days = Math.round((dayOf(due) - dayOf(new Date())) / (DAY * 1000));
  const part = (options) => new Intl.DateTimeFormat("en-GB", { timeZone, ...options }).format(due);
  const far = `${part({ weekday: "short" })} ${part({ day: "numeric" })} ${new Intl.DateTimeFormat("en-US", { timeZone, month: "short" }).format(due)}`;
  const name = days === 0 ? "today" : days === 1 ? "tomorrow" : far;
  return `until ${name} ${part({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" })} (working hours)`;
}

function words(element) {
  const isDue = element.dataset.relative === "due";
  const ahead = isDue ? until(element) : null;
  if (ahead) return ahead;
  const seconds = (Date.now() - Date.parse(element.dateTime)) / 1000;
  if (isDue || element.dataset.relative === "left") return seconds > 0 ? `${rough(seconds)} late` : `${rough(-seconds)} left`;
  if (seconds < 0) return `in ${rough(-seconds)}`;
  if (seconds >= 14 * DAY) return null;
  return seconds < 45 ? "just now" : `${rough(seconds)} ago`;
}

function refresh() {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const text = words(element);
    if (text && element.textContent !== text) element.textContent = text;
  }
}

window.setInterval(refresh, 20_000);
document.addEventListener("visibilitychange", refresh);
