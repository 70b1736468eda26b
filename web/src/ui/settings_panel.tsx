import { useEffect, useRef, useState } from "preact/hooks";
import { ADVANCED_FIELDS, MAIN_FIELDS, type NumberField, numberFrom, type Settings, withSetting } from "../chat/settings";
import type { Model } from "../server/client";
import { useText } from "../text";
import { useParts } from "./context";
import { IconButton } from "./icon_button";

interface PanelProps {
  settings: Settings;
  model: Model | null;
  onClose: () => void;
}

export function SettingsPanel({ settings, model, onClose }: PanelProps) {
  const text = useText();
  const { session } = useParts();
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current!.focus(), []);

  const set = <Name extends keyof Settings>(name: Name, value: Settings[Name] | undefined) =>
    session.set(withSetting(settings, name, value));
  const row = (field: NumberField) => (
    <NumberRow
      key={field.name}
      field={field.name === "max_tokens" && model ? { ...field, max: model.maxModelLen } : field}
      value={settings[field.name]}
      standard={model?.defaults[field.name]}
      onChange={(value) => set(field.name, value)}
    />
  );

  return (
    <>
      <div class="scrim settings-scrim" onClick={onClose} />
      <aside class="settings" aria-label={text.settings} ref={panel} tabIndex={-1}>
        <div class="settings-top">
          <h2>{text.settings}</h2>
          <IconButton icon="close" label={text.closeSettings} onClick={onClose} />
        </div>
        <p class="quiet">{text.settingsNote}</p>
        {MAIN_FIELDS.map(row)}
        <StreamRow on={settings.stream ?? true} onChange={(on) => set("stream", on ? undefined : false)} />
        <SystemRow value={settings.system ?? ""} onChange={(value) => set("system", value)} />
        <details class="advanced">
          <summary>{text.advanced}</summary>
          {ADVANCED_FIELDS.map(row)}
        </details>
        <button type="button" class="plain-button reset" disabled={Object.keys(settings).length === 0} onClick={() => session.set({})}>
          {text.reset}
        </button>
      </aside>
    </>
  );
}

const shownName = ({ shown }: NumberField) => shown.replaceAll("_", " ");

interface NumberRowProps {
  field: NumberField;
  value: number | undefined;
  /** What the server uses where nothing is set. */
  standard: number | undefined;
  onChange: (value: number | undefined) => void;
}

function NumberRow({ field, value, standard, onChange }: NumberRowProps) {
  const text = useText();
  const { label, help } = text.numbers[field.name];
  const [typed, setTyped] = useState<string | null>(null); // half-typed numbers are left alone
  const input = (target: HTMLInputElement) => numberFrom(target.value, field);
  const id = `setting-${field.name}`;
  return (
    <div class="setting">
      <div class="setting-head">
        <label for={id}>
          <span>{label}</span>
          {shownName(field) !== label.toLowerCase() && <code>{field.shown}</code>}
        </label>
        <input
          id={id}
          class="number"
          type="number"
          min={field.min}
          max={field.max}
          step={field.slider ? "any" : 1}
          placeholder={standard === undefined ? "" : String(standard)}
          aria-describedby={`${id}-help`}
          value={typed ?? value ?? ""}
          onInput={({ currentTarget }) => {
            setTyped(currentTarget.value);
            onChange(input(currentTarget));
          }}
          onBlur={() => setTyped(null)}
        />
      </div>
      {field.slider && (
        <input
          type="range"
          aria-label={label}
          min={field.min}
          max={field.max}
          step={field.step}
          value={value ?? standard ?? field.min}
          onInput={({ currentTarget }) => onChange(input(currentTarget))}
        />
      )}
      <p class="help" id={`${id}-help`}>
        {help}
      </p>
    </div>
  );
}

function StreamRow({ on, onChange }: { on: boolean; onChange: (on: boolean) => void }) {
  const { stream } = useText();
  return (
    <div class="setting">
      <div class="setting-head">
        <label for="setting-stream">{stream.label}</label>
        <input
          id="setting-stream"
          class="switch"
          type="checkbox"
          role="switch"
          checked={on}
          aria-describedby="setting-stream-help"
          onChange={({ currentTarget }) => onChange(currentTarget.checked)}
        />
      </div>
      <p class="help" id="setting-stream-help">
        {stream.help}
      </p>
    </div>
  );
}

function SystemRow({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { system } = useText();
  return (
    <div class="setting">
      <label for="setting-system">{system.label}</label>
      <textarea
        id="setting-system"
        rows={3}
        placeholder={system.placeholder}
        aria-describedby="setting-system-help"
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      <p class="help" id="setting-system-help">
        {system.help}
      </p>
    </div>
  );
}
