// As Crete's page does: a frame with the content was made when the one after it begins.
requestAnimationFrame(() => requestAnimationFrame(() => performance.mark("content")));
