/** Line icons, 20 units square, drawn in the colour of the text around them. */
const PATHS = {
  plus: "M10 4.5v11M4.5 10h11",
  list: "M3.5 6h13M3.5 10h13M3.5 14h8",
  gear: "M3.5 6.5h6.2M13.8 6.5h2.7M3.5 13.5h2.7M10.3 13.5h6.2M11.75 4.4a2.1 2.1 0 1 0 0 4.2 2.1 2.1 0 0 0 0-4.2ZM8.25 11.4a2.1 2.1 0 1 0 0 4.2 2.1 2.1 0 0 0 0-4.2Z",
  close: "M5.2 5.2l9.6 9.6M14.8 5.2l-9.6 9.6",
  send: "M10 15.8V4.4M5.2 9.2 10 4.4l4.8 4.8",
  copy: "M7.2 7.2V5.4c0-.7.5-1.2 1.2-1.2h6.2c.7 0 1.2.5 1.2 1.2v6.2c0 .7-.5 1.2-1.2 1.2h-1.8M5.4 7.2h6.2c.7 0 1.2.5 1.2 1.2v6.2c0 .7-.5 1.2-1.2 1.2H5.4c-.7 0-1.2-.5-1.2-1.2V8.4c0-.7.5-1.2 1.2-1.2Z",
  check: "M4.8 10.6l3.4 3.4 7-7.6",
  edit: "M4.2 15.8l.7-3.2 7.9-7.9a1.4 1.4 0 0 1 2 0l.5.5a1.4 1.4 0 0 1 0 2l-7.9 7.9-3.2.7ZM11.6 5.9l2.5 2.5",
  again: "M15.6 8.4A6 6 0 1 0 16 10.6M15.9 4.6v3.9H12",
  left: "M11.8 5.6 7.4 10l4.4 4.4",
  right: "M8.2 5.6l4.4 4.4-4.4 4.4",
  down: "M10 4.4v11.2M5.2 10.8 10 15.6l4.8-4.8",
  dots: "M5 10h.01M10 10h.01M15 10h.01",
  search: "M9 4.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6ZM12.6 12.6l3.4 3.4",
  system: "M10 3.8a6.2 6.2 0 1 0 0 12.4 6.2 6.2 0 0 0 0-12.4ZM10 3.8v12.4M10 6.5a3.5 3.5 0 0 1 0 7",
  light: "M10 6.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 0 0 0-6.4ZM10 2.6v1.6M10 15.8v1.6M2.6 10h1.6M15.8 10h1.6M4.8 4.8l1.1 1.1M14.1 14.1l1.1 1.1M15.2 4.8l-1.1 1.1M5.9 14.1l-1.1 1.1",
  dark: "M15.9 11.8A6.4 6.4 0 0 1 8.2 4.1a6.4 6.4 0 1 0 7.7 7.7Z",
  info: "M10 3.4a6.6 6.6 0 1 0 0 13.2 6.6 6.6 0 0 0 0-13.2ZM10 9.2v4.2M10 6.6h.01",
};

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" class="mark-ground" />
      <path d="M16 5.5c3.6 4.6 7 8.4 7 12.9a7 7 0 0 1-14 0c0-4.5 3.4-8.3 7-12.9Z" class="mark-drop" />
      <path d="M12.7 18.6a3.4 3.4 0 0 0 3 3.9" class="mark-shine" />
    </svg>
  );
}
