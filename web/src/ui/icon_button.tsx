import { Icon } from "./icons";

interface IconButtonProps {
  icon: Parameters<typeof Icon>[0]["name"];
  /** What it does, for the tooltip and for screen readers. */
  label: string;
  onClick: () => void;
  class?: string;
  disabled?: boolean;
  expanded?: boolean;
}

export function IconButton({ icon, label, onClick, class: name = "", disabled, expanded }: IconButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${name}`}
      title={label}
      aria-label={label}
      aria-expanded={expanded}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
