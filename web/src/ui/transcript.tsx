import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Conversation, shownPath, siblings } from "../chat/conversation";
import type { LiveAnswer } from "../chat/live_answer";
import { useText } from "../text";
import { Answer } from "./answer";
import { IconButton } from "./icon_button";
import { Question } from "./question";

const NEAR_END = 80; // pixels from the end that still count as reading along

interface TranscriptProps {
  conversation: Conversation;
  live: ReadonlyMap<string, LiveAnswer>;
}

export function Transcript({ conversation, live }: TranscriptProps) {
  const { scrollDown, answerDone } = useText();
  const { scroller, content, atEnd, goToEnd } = useFollowing();
  const path = shownPath(conversation);
  const last = path.at(-1)!;
  useLayoutEffect(goToEnd, []);
  useLayoutEffect(() => {
    if (live.has(last.id)) goToEnd(); // a question was asked, not an older version looked at
  }, [last.id]);

  return (
    <div class="scroller" ref={scroller}>
      <div class="transcript" ref={content}>
        {path.map((message) =>
          message.role === "user" ? (
            <Question key={message.id} message={message} versions={siblings(conversation, message)} />
          ) : (
            <Answer key={message.id} message={message} live={live.get(message.id)} versions={siblings(conversation, message)} />
          ),
        )}
      </div>
      <p class="unseen" role="status">
        {last.role === "assistant" && last.state === "done" ? answerDone : ""}
      </p>
      {!atEnd && <IconButton class="to-end" icon="down" label={scrollDown} onClick={goToEnd} />}
    </div>
  );
}

/** Keeps the end in sight while text is added, unless the reader has scrolled up. */
function useFollowing() {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const [atEnd, setAtEnd] = useState(true);

  const goToEnd = () => {
    following.current = true;
    scroller.current!.scrollTop = scroller.current!.scrollHeight;
  };
  useEffect(() => {
    const box = scroller.current!;
    const onScroll = () => {
      following.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
      setAtEnd(following.current);
    };
    const grown = new ResizeObserver(() => {
      if (following.current) box.scrollTop = box.scrollHeight;
    });
    grown.observe(content.current!);
    grown.observe(box);
    box.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      grown.disconnect();
      box.removeEventListener("scroll", onScroll);
    };
  }, []);
  return { scroller, content, atEnd, goToEnd };
}
