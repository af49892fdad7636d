// Tells an answer to the page of the application that framed or opened this one, if it is of the origin that was declared.
const { origin, response } = document.getElementById("answer").dataset;
const reader = window.opener ?? window.parent;
if (reader !== window) {
  reader.postMessage({ type: "authorization_response", response: JSON.parse(response) }, origin);
}
