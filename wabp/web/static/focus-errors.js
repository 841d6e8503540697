// Moves the focus to the summary of errors after a page that was sent with mistakes.
document.querySelector("[data-focus-errors]")?.focus();
