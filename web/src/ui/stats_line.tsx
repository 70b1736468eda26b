import type { Stats } from "../server/client";
import { useText } from "../text";

export function StatsLine({ stats }: { stats: Stats }) {
  const { stats: text } = useText();
  const parts = [
    stats.ttftSeconds !== undefined && text.first(stats.ttftSeconds.toFixed(2)),
    stats.tokensPerSecond !== undefined && text.speed(stats.tokensPerSecond.toFixed(1)),
    text.prompt(stats.promptTokens, stats.cachedTokens),
  ].filter((part) => part !== false);
  return <span class="stats">{parts.join(" · ")}</span>;
}
