// Buttons that copy the code beside them.
export function copyButtons(from = document) {
  for (const button of from.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      const before = button.title;
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.title = "Copied";
      } catch {
        button.title = "Your browser does not allow copying; select the text instead";
      }
      document.querySelector("[data-announce]").textContent = button.title;
      setTimeout(() => (button.title = before), 2000);
    });
  }
}
