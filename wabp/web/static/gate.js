// Shows the part of the call-first gate that belongs to the chosen answer, and no gate for an info alert.
const form = document.querySelector("[data-gate-form]");

function chosen(name) {
  return form.querySelector(`input[name="${name}"]:checked`)?.value;
}

function fillTime() {
  const field = form.elements.called_at;
  if (chosen("called") !== "yes" || field.value) return;
  const now = new Date();
  field.value = [now.getHours(), now.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}

function show() {
  for (const part of form.querySelectorAll("[data-when]")) {
    const [name, value] = part.dataset.when.split("=");
    // A part with an error stays in sight: the error summary links to it.
    part.hidden = chosen(name) !== value && !part.querySelector(".field-error");
  }
}

if (form) {
  form.addEventListener("change", (event) => {
    if (event.target.name === "called") fillTime();
    show();
  });
  show();
}
