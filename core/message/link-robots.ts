/**
 * What programs call themselves that open a link for a preview, or to see whether it is safe, and are nobody who clicks. Mostly they do so in
 * the moment in which a message is delivered. In lower case; a part of the name is enough.
 *
 * Sources: developers.facebook.com/docs/sharing/webmasters/web-crawlers (Meta), the previews of WhatsApp as servers log them
 * (`WhatsApp/2.23.18.78 i`), developers.google.com/crawling/docs/crawlers-fetchers (Google's special-case crawlers and user-triggered
 * fetchers), api.slack.com/robots, developer.x.com (cards), support.apple.com/en-us/119829 (Applebot). iMessage writes
 * `facebookexternalhit/1.1 Facebot Twitterbot/1.0` behind a browser's name.
 */
const NAMES = [
  'whatsapp/',
  'facebookexternalhit',
  'facebot',
  'facebookcatalog',
  'meta-externalagent',
  'meta-externalfetcher',
  'twitterbot',
  'telegrambot',
  'slackbot',
  'slack-imgproxy',
  'discordbot',
  'linkedinbot',
  'skypeuripreview',
  'microsoftpreview',
  'bingpreview',
  'bingbot',
  'viber',
  'vkshare',
  'applebot',
  'google-safety',
  'googlemessages',
  'google-pagerenderer',
  'google-inspectiontool',
  'googleother',
  'googlebot',
  'redditbot',
  'pinterestbot',
  'mastodon',
  'proofpoint',
  'barracuda',
  'urlscan',
] as const;

/** Names that are not on the list, of programs that say what they are. */
const KIND = /\b(?:bot|crawler|spider|link ?preview|headlesschrome)\b|\b\w*bot\//;

/** Whether whoever has this user agent is a program and nobody who clicks. Every browser says who it is. */
export function isLinkRobot(userAgent: string | undefined): boolean {
  const name = userAgent?.toLowerCase() ?? '';
  return name === '' || KIND.test(name) || NAMES.some((robot) => name.includes(robot));
}
