// Sends a form once: a second press while the answer is on its way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  // Not before the browser has read the pressed button, which is part of what is sent.
  setTimeout(() => {
    if (!event.defaultPrevented) form.dataset.sent = "yes";
  });
});

// A page brought back by the back button may be sent again; the server knows a form it has seen.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
