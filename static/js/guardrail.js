// The guardrails as a picture: thresholds are dragged, moved by arrow keys, or typed; all stay in step.
// It draws by the formulas of registry/rules/rail_picture.py. Without script the server draws it.

const LEFT = 34, TOP = 10, ACROSS = 256, DOWN = 168;
const LABELS = {
  confidence_min: "Confidence below which a reviewer decides",
  confidence_escalate: "Confidence below which the escalation owner decides",
  amount_review: "Amount above which a reviewer decides",
  amount_escalate: "Amount above which the escalation owner decides",
};
const RISKS = ["low", "medium", "high"];
const SAYS = { allow: "", review: "all reviewed", escalate: "all escalated" };
const KEYS = {
  ArrowUp: ["step", 1], ArrowRight: ["step", 1], ArrowDown: ["step", -1], ArrowLeft: ["step", -1],
  PageUp: ["step", 10], PageDown: ["step", -10], Home: ["to", "first"], End: ["to", "last"],
};

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

class Rail {
  constructor(root) {
    this.root = root;
    this.form = document.getElementById(root.dataset.rail);
    this.scale = Number(root.querySelector("[data-rail-scale]").dataset.railScale);
    for (const line of root.querySelectorAll("[data-rail-line]")) this.prepare(line);
    const hint = root.parentElement.querySelector("[data-rail-hint]");
    if (hint) hint.hidden = false;
    this.form.addEventListener("input", () => this.draw());
    this.draw();
  }

  prepare(line) {
    line.addEventListener("pointerdown", (event) => this.grab(line, event));
    if (!("railSlider" in line.dataset)) return;
    const isAmount = line.dataset.axis === "amount";
    const is = {
      tabindex: "0", role: "slider", "aria-label": LABELS[line.dataset.railLine], "aria-valuemin": "0",
      "aria-valuemax": isAmount ? String(this.scale) : "1", "aria-orientation": isAmount ? "horizontal" : "vertical",
    };
    for (const [name, value] of Object.entries(is)) line.setAttribute(name, value);
    line.addEventListener("keydown", (event) => this.press(line, event));
  }

  read(name) {
    const text = this.form.elements[name].value.trim().replace(",", ".");
    const value = Number(text);
    return text === "" || !Number.isFinite(value) || value < 0 ? null : value;
  }

  // At its edge a threshold is off: nothing is below a confidence of 0, and no amount is above the scale's end.
  write(line, value) {
    const name = line.dataset.railLine;
    const isAmount = line.dataset.axis === "amount";
    const isOff = isAmount ? value >= this.scale : value <= 0;
    const text = isOff ? "" : value.toFixed(2);
    if (this.form.elements[name].value === text) return;
    this.form.elements[name].value = text;
    this.form.elements[name].dispatchEvent(new Event("input", { bubbles: true }));
  }

  valueOf(line) {
    const value = this.read(line.dataset.railLine);
    if (value !== null) return value;
    return line.dataset.axis === "amount" ? this.scale : 0;
  }

  grab(line, event) {
    if (event.button !== 0) return;
    event.preventDefault();
    const svg = line.ownerSVGElement;
    const slider = this.root.querySelector(`[data-rail-slider][data-rail-line="${line.dataset.railLine}"]`);
    slider.focus({ preventScroll: true });
    line.setPointerCapture(event.pointerId);
    const move = (moved) => this.write(line, this.valueAt(line, svg, moved));
    const drop = () => {
      line.removeEventListener("pointermove", move);
      line.removeEventListener("pointerup", drop);
      line.removeEventListener("pointercancel", drop);
    };
    line.addEventListener("pointermove", move);
    line.addEventListener("pointerup", drop);
    line.addEventListener("pointercancel", drop);
  }

  valueAt(line, svg, event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    if (line.dataset.axis === "confidence") return Math.round(clamp(1 - (point.y - TOP) / DOWN, 0, 1) * 100) / 100;
    const amount = Math.expm1(clamp((point.x - LEFT) / ACROSS, 0, 1) * Math.log1p(this.scale));
    const step = this.stepAt(amount);
    return clamp(Math.round(amount / step) * step, 0, this.scale);
  }

  // Small amounts move by small steps: 0.5 below 10, 5 below 100, 50 below 1000.
  stepAt(amount) {
    return 10 ** Math.floor(Math.log10(Math.max(amount, 1))) / 2;
  }

  press(line, event) {
    const asked = KEYS[event.key];
    if (!asked || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const isAmount = line.dataset.axis === "amount";
    const last = isAmount ? this.scale : 1;
    let value = this.valueOf(line);
    if (asked[0] === "to") value = asked[1] === "first" ? 0 : last;
    else if (!isAmount) value = Math.round((value + asked[1] * 0.01) * 100) / 100;
    else {
      const towards = asked[1] < 0 ? value * 0.999 : value;
      value = Math.min(value, this.scale) + asked[1] * this.stepAt(Math.min(towards, this.scale));
    }
    this.write(line, clamp(value, 0, last));
  }

  draw() {
    for (const line of this.root.querySelectorAll("[data-rail-line]")) this.drawLine(line);
    const review = RISKS.indexOf(this.form.elements.risk_review.value);
    const escalate = RISKS.indexOf(this.form.elements.risk_escalate.value);
    for (const panel of this.root.querySelectorAll("[data-rail-panel]")) {
      const rank = RISKS.indexOf(panel.dataset.railPanel);
      let answer = review >= 0 && rank >= review ? "review" : "allow";
      if (escalate >= 0 && rank >= escalate) answer = "escalate";
      for (const whole of panel.querySelectorAll("[data-rail-whole]")) {
        whole.setAttribute("visibility", whole.dataset.railWhole === answer ? "visible" : "hidden");
      }
      panel.querySelector("[data-rail-says]").textContent = SAYS[answer];
    }
  }

  drawLine(line) {
    const name = line.dataset.railLine;
    const isAmount = line.dataset.axis === "amount";
    const value = this.valueOf(line);
    const isOff = this.read(name) === null;
    const block = line.parentElement.querySelector(`[data-rail-block="${name}"]`);
    if (isAmount) {
      const x = LEFT + ACROSS * clamp(Math.log1p(value) / Math.log1p(this.scale), 0, 1);
      line.setAttribute("transform", `translate(${x} 0)`);
      block.setAttribute("x", x);
      block.setAttribute("width", isOff ? 0 : LEFT + ACROSS - x);
    } else {
      const y = TOP + DOWN * (1 - clamp(value, 0, 1));
      line.setAttribute("transform", `translate(0 ${y})`);
      block.setAttribute("y", y);
      block.setAttribute("height", TOP + DOWN - y);
    }
    line.classList.toggle("is-off", isOff);
    if (!("railSlider" in line.dataset)) return;
    line.setAttribute("aria-valuenow", String(clamp(value, 0, isAmount ? this.scale : 1)));
    line.setAttribute("aria-valuetext", isOff ? "off" : value.toFixed(2));
  }
}

for (const root of document.querySelectorAll("[data-rail]")) new Rail(root);
