import { useEffect } from "react";

import { experimental_useObject as useObject } from "@ai-sdk/react";
import { z } from "zod";

// `schema`: what the whole object must be, in JSON Schema.
export function Form({ api, schema, headers, see }) {
  const form = useObject({
    api,
    headers,
    schema: z.fromJSONSchema(schema),
    onError: ({ name, message }) => see({ raised: message, name }),
    onFinish: ({ object, error }) => see({ finished: object ?? null, invalid: error?.message ?? null }),
  });
  const { object, isLoading, error } = form;

  useEffect(() => {
    see({ object: object ?? null, isLoading, error: error?.message ?? null });
  }, [object, isLoading, error, see]);
  useEffect(() => {
    window.hook = form;
  });
  return <output>{object?.name ?? object?.reply}</output>;
}
