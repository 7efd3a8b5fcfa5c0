"use client";

import { useCallback, useEffect, useState } from "react";

/** Whether nothing has happened for so long. What is going on keeps it awake, and so does whoever wakes it. */
export function useIdle(ms: number, isBusy: boolean): { isIdle: boolean; wake: () => void } {
  const [lastWoken, setLastWoken] = useState({});
  const [idleSince, setIdleSince] = useState<object>();

  useEffect(() => {
    if (isBusy) return;
    const timer = setTimeout(() => setIdleSince(lastWoken), ms);
    return () => clearTimeout(timer);
  }, [ms, isBusy, lastWoken]);

  const wake = useCallback(() => setLastWoken({}), []);
  return { isIdle: !isBusy && idleSince === lastWoken, wake };
}
