/** What a conversation asks of the model. A field that is not there is left to the server's default. */
export interface Settings {
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
  stream?: boolean;
  system?: string;
  top_k?: number;
  min_p?: number;
  repetition_penalty?: number;
  seed?: number;
}

export type NumberName = Exclude<keyof Settings, "stream" | "system">;

export interface NumberField {
  name: NumberName;
  /** The name people know it by, shown beside the plain one. */
  shown: string;
  min: number;
  max: number;
  step: number;
  /** Whether a slider makes sense: not for a seed. */
  slider: boolean;
}

const field = (name: NumberName, min: number, max: number, step: number, more: Partial<NumberField> = {}) => ({
  name,
  shown: name,
  min,
  max,
  step,
  slider: true,
  ...more,
});

export const MAIN_FIELDS: NumberField[] = [
  field("temperature", 0, 2, 0.05),
  field("top_p", 0.05, 1, 0.05),
  field("max_tokens", 16, 2048, 16, { shown: "max_new_tokens" }),
];

export const ADVANCED_FIELDS: NumberField[] = [
  field("top_k", 0, 100, 1),
  field("min_p", 0, 0.5, 0.01),
  field("repetition_penalty", 0.8, 1.5, 0.01),
  field("seed", 0, Number.MAX_SAFE_INTEGER, 1, { slider: false }),
];

const NUMBERS = [...MAIN_FIELDS, ...ADVANCED_FIELDS];

/** The value typed into a field, held within its bounds; undefined (the default) where it is no number. */
export function numberFrom(typed: string, { min, max, step }: NumberField): number | undefined {
  const value = typed.trim() === "" ? Number.NaN : Number(typed);
  if (!Number.isFinite(value)) return undefined;
  return Math.min(max, Math.max(min, Number.isInteger(step) ? Math.round(value) : value));
}

export function withSetting<Name extends keyof Settings>(
  settings: Settings,
  name: Name,
  value: Settings[Name] | undefined,
): Settings {
  const { [name]: _, ...others } = settings;
  return value === undefined || value === "" ? others : { ...others, [name]: value };
}

/** The fields of a request that carry the settings. */
export function parametersOf(settings: Settings): Record<string, number> {
  const { stream: _stream, system: _system, ...numbers } = settings;
  return numbers;
}

/** Settings out of a file that anybody may have written: what does not fit is left out. */
export function settingsFrom(value: unknown): Settings {
  const given = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const settings: Settings = {};
  for (const { name, min, max } of NUMBERS) {
    const number = given[name];
    if (typeof number === "number" && number >= min && number <= max) settings[name] = number;
  }
  if (typeof given["stream"] === "boolean") settings.stream = given["stream"];
  if (typeof given["system"] === "string") settings.system = given["system"];
  return settings;
}
