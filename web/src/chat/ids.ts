/** 96 random bits. crypto.randomUUID is missing on a page served without TLS to another computer. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `q${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
