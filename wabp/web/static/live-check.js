// Asks the server to check the text 600 ms after typing stops and puts each part of its answer in place.
// The marks are drawn on a layer behind the text field that screen readers skip.
const form = document.querySelector("[data-live-check]");
const field = form?.querySelector("[data-live-text]");
const WAIT = 600;
let timer;
let request;

// ---- the layer behind the text ----
const layer = form?.querySelector("[data-part='marks']");
let ranges = [];
let drawn = "";

function readRanges() {
  ranges = [];
  drawn = "";
  for (const node of layer.childNodes) {
    const number = node.dataset?.number;
    const text = number ? node.firstChild.textContent : node.textContent;
    if (number) ranges.push({ start: drawn.length, end: drawn.length + text.length, number, name: node.className });
    drawn += text;
  }
}

// Keeps the marks before and after the place where the writer typed; the ones around it wait for the check.
function moveRanges(text) {
  let head = 0;
  while (head < Math.min(text.length, drawn.length) && text[head] === drawn[head]) head += 1;
  let tail = 0;
  const most = Math.min(text.length, drawn.length) - head;
  while (tail < most && text[text.length - 1 - tail] === drawn[drawn.length - 1 - tail]) tail += 1;
  const shift = text.length - drawn.length;
  ranges = ranges
    .filter((range) => range.end <= head || range.start >= drawn.length - tail)
    .map((range) => (range.end <= head ? range : { ...range, start: range.start + shift, end: range.end + shift }));
}

function draw() {
  const text = field.value;
  moveRanges(text);
  drawn = text;
  const pieces = [];
  let at = 0;
  for (const range of ranges) {
    const mark = document.createElement("mark");
    mark.className = range.name;
    mark.dataset.number = range.number;
    const number = document.createElement("sup");
    number.textContent = range.number;
    mark.append(text.slice(range.start, range.end), number);
    pieces.push(text.slice(at, range.start), mark);
    at = range.end;
  }
  layer.replaceChildren(...pieces, text.slice(at));
}

function grow() {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}

// ---- the check ----
// A part in which somebody is typing stays; open details and the chosen preview stay as they were.
function place(part, fresh) {
  if (part.innerHTML === fresh.innerHTML) return;
  if (part.contains(document.activeElement) && document.activeElement.matches("textarea, input[type='text']")) return;
  const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...part.querySelectorAll("details[open][id]")].map((element) => element.id);
  const picked = [...part.querySelectorAll("input:checked[id]")].map((element) => element.id);
  part.replaceChildren(...fresh.childNodes);
  for (const id of open) part.querySelector(`#${id}`)?.setAttribute("open", "");
  for (const id of picked) {
    const input = part.querySelector(`#${id}`);
    if (input) input.checked = true;
  }
  if (focused) part.querySelector(`#${focused}`)?.focus({ preventScroll: true });
}

async function check() {
  request?.abort();
  request = new AbortController();
  const sent = field.value;
  let answer;
  try {
    answer = await fetch(form.dataset.liveCheck, { method: "POST", body: new FormData(form), signal: request.signal });
  } catch {
    return; // The network is away or a newer check has begun; "Check" still works.
  }
  if (!answer.ok || field.value !== sent) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of form.querySelectorAll("[data-part]")) {
    const replacement = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
    if (replacement) place(part, replacement);
  }
  readRanges();
  draw();
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(check, WAIT);
}

if (field && layer) {
  const mirror = form.querySelector("[data-mirror]");
  form.querySelector("[data-marked-title]")?.remove();
  layer.className = "mirror-layer";
  layer.setAttribute("aria-hidden", "true");
  layer.hidden = false;
  mirror.prepend(layer);
  readRanges();
  draw();
  grow();
  field.addEventListener("input", () => {
    draw();
    grow();
  });
  form.addEventListener("input", (event) => {
    if (!event.target.matches("[data-quiet], [name='preview']")) soon();
  });
  window.addEventListener("resize", grow);
}
