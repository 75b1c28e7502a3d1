/** An error as Twilio answers it. */
export type TwilioError = { readonly status: number; readonly code: number; readonly message: string };

const WORDS: Readonly<Record<number, string>> = {
  20001: 'Unknown or repeated parameter',
  20003: 'Authenticate',
  20404: 'The requested resource was not found',
  20405: 'Method not allowed',
  20429: 'Too Many Requests',
  20500: 'An internal server error has occurred',
  21211: "The 'To' number is not a valid phone number.",
  21212: "The 'From' number is not a valid phone number, shortcode, or alphanumeric sender ID.",
  21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
  21603: "A 'From' phone number is required.",
  21604: "A 'To' phone number is required.",
  21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination",
  21609: "The 'StatusCallback' URL is not a valid URL",
  21610: 'Attempt to send to unsubscribed recipient',
  21611: "This 'From' number has exceeded the maximum number of queued messages",
  21612: "The 'To' phone number is not currently reachable via SMS",
  21614: "'To' number is not a valid mobile number",
  21617: 'The concatenated message body exceeds the 1600 character limit.',
  21619: 'A text message body, media urls or ContentSid must be specified.',
  21655: 'The ContentSid is Invalid',
  21656: 'The ContentVariables Parameter is invalid',
  21701: 'The Messaging Service does not exist',
  21703: 'The Messaging Service does not have a phone number available to send a message',
  21910: "Invalid 'From' and 'To' pair. 'From' and 'To' should be of the same channel",
  63007: 'Twilio could not find a Channel with the specified From address',
};

const STATUSES: Readonly<Record<number, number>> = { 20003: 401, 20404: 404, 20405: 405, 20429: 429, 20500: 500 };

/** `about` is what the error repeats from the request, as Twilio likes to. */
export function twilioError(code: number, about?: string): TwilioError {
  const words = WORDS[code] ?? 'Error';
  return { status: STATUSES[code] ?? 400, code, message: about === undefined ? words : `${words} (${about})` };
}

export const errorBody = ({ status, code, message }: TwilioError) => ({
  code,
  message,
  more_info: `https://www.twilio.com/docs/errors/${code}`,
  status,
});
