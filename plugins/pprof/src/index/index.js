/** Commands name this server as the browser found it: the program cannot know of TLS or a proxy before it. */
for (const origin of document.querySelectorAll(".origin")) origin.textContent = location.origin;

/** A field that is left empty asks for nothing: it stays out of the address. */
for (const form of document.forms) {
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (value === "") formData.delete(name);
  });
}
