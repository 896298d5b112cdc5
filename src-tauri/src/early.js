// Runs before the page's own code is there: opens the channel of events and asks what every page
// asks first, so that the answers are there when that code is. `ui/src/platform/tauri` takes over.
{
  const { invoke, transformCallback } = window.__TAURI_INTERNALS__;
  const came = [];
  const early = { came, take: (message) => came.push(message), answers: {} };
  const channel = transformCallback((message) => early.take(message));
  // Why the program could not be asked is told to whoever takes the answers.
  const quietly = (answer) => {
    answer.catch(() => undefined);
    return answer;
  };
  quietly(invoke("events", { channel: `__CHANNEL__:${channel}` }));
  for (const name of ["settings.get", "app.info"]) {
    early.answers[name] = quietly(invoke("rpc", { name, request: {} }));
  }
  window.__CRETE_EARLY__ = early;
  // The first one takes 10 to 20 ms to make, which are to spare while the page's code is fetched.
  setTimeout(() => new Intl.DateTimeFormat(undefined, { timeStyle: "short" }));
}
