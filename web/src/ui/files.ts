/** Hands a file to the browser's downloads. */
export function download(name: string, text: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // the browser fetches it after the click
}

/** A title as a file name that every system takes. */
export const fileName = (title: string, ending: string) =>
  `${title.replace(/[\\/:*?"<>|\u0000-\u001f]+/g, " ").trim().slice(0, 60) || "qingmo"}.${ending}`;
