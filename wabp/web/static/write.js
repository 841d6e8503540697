// Sends a line typed on a simulator's phone without leaving the page, and asks for a fresh chat.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-write]")) return;
  event.preventDefault();
  const field = form.elements.text;
  const body = new FormData(form);
  if (!String(body.get("text")).trim()) return;
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    if (!answer.ok) throw new Error("not taken");
    if (field.type === "text") field.value = "";
    document.dispatchEvent(new CustomEvent("line-written"));
  } catch {
    form.submit(); // The full round trip shows the reader what went wrong.
  }
});
