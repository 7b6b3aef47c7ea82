// Asks the browser for a passkey, or to make one, and sends its answer with the form. Without it nobody sees the button.
(() => {
  "use strict";

  const knows = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;

  const ask = async (form) => {
    const options = JSON.parse(form.dataset.options);
    const credential =
      form.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    form.elements.credential.value = JSON.stringify(credential.toJSON());
    form.submit();
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = !knows;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const problem = form.querySelector("[data-passkey-problem]");
      problem.hidden = true;
      ask(form).catch(() => {
        problem.hidden = false;
      });
    });
  }
})();
