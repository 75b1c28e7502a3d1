/** What an event says about money: a sale, money given back, or a worth that nobody has paid (yet). */
export type MoneyMeaning = 'earned' | 'returned' | 'none';

/**
 * The one table of event names: ours, and what others call the same thing (Segment's e-commerce, video, mobile, B2B and e-mail
 * vocabularies, Google Analytics 4, and common habits). Names are compared without case, spaces and punctuation.
 */
const NAMES = {
  // Money
  purchase: ['Order Completed', 'Completed Order', 'In-App Purchase', 'Order Paid', 'checkout_completed'],
  refund: ['Order Refunded', 'Refunded Order', 'Product Returned'],
  order_updated: ['Updated Order'],
  order_cancelled: ['Cancelled Order', 'order_canceled'],
  subscription_started: ['Subscription Created'],
  subscription_renewed: [],
  subscription_cancelled: ['subscription_canceled'],
  trial_started: ['Start Trial', 'begin_trial'],
  trial_ended: [],
  // Looking around
  page_view: ['Page Viewed', 'Viewed Page', 'Loaded a Page', 'pageview'],
  screen_view: ['Screen Viewed', 'Viewed Screen', 'Loaded a Screen'],
  product_viewed: ['Viewed Product', 'view_item', 'view_content'],
  product_list_viewed: ['Viewed Product Category', 'Product Category Viewed', 'view_item_list'],
  product_list_filtered: [],
  product_clicked: ['Clicked Product', 'select_item'],
  products_searched: ['Searched Products', 'search', 'Search Performed', 'view_search_results'],
  promotion_viewed: ['Viewed Promotion', 'view_promotion'],
  promotion_clicked: ['Clicked Promotion', 'select_promotion'],
  content_viewed: ['Article Viewed', 'Viewed Content'],
  video_started: ['Video Playback Started', 'Video Content Started', 'video_start'],
  video_completed: ['Video Playback Completed', 'Video Content Completed', 'video_complete'],
  // Towards a purchase
  product_added: ['Added Product', 'add_to_cart', 'Product Added to Cart', 'Added to Cart'],
  product_removed: ['Removed Product', 'remove_from_cart', 'Product Removed from Cart', 'Removed from Cart'],
  cart_viewed: ['Viewed Cart', 'view_cart'],
  cart_shared: [],
  cart_abandoned: ['Abandoned Cart', 'Checkout Abandoned'],
  product_wishlisted: ['Product Added to Wishlist', 'add_to_wishlist'],
  product_unwishlisted: ['Product Removed from Wishlist', 'remove_from_wishlist'],
  wishlist_product_added_to_cart: [],
  product_shared: ['Shared Product', 'share'],
  product_reviewed: ['Reviewed Product'],
  checkout_started: ['Started Order', 'Order Started', 'Started Checkout', 'begin_checkout', 'initiate_checkout'],
  checkout_step_viewed: ['Viewed Checkout Step'],
  checkout_step_completed: ['Completed Checkout Step'],
  payment_info_entered: ['Entered Payment Info', 'add_payment_info'],
  shipping_info_entered: ['Entered Shipping Info', 'add_shipping_info'],
  coupon_entered: ['Entered Coupon'],
  coupon_applied: ['Applied Coupon'],
  coupon_denied: ['Denied Coupon'],
  coupon_removed: ['Removed Coupon'],
  // Becoming known
  form_started: ['Started Form', 'form_start'],
  form_submitted: ['Submitted Form', 'form_submit', 'Form Completed'],
  lead: ['generate_lead', 'Lead Generated', 'Lead Captured'],
  sign_up: ['Signed Up', 'Account Created', 'User Signed Up', 'complete_registration', 'User Registered', 'Registered'],
  log_in: ['Signed In', 'User Signed In', 'login', 'Logged In', 'User Logged In'],
  log_out: ['Signed Out', 'User Signed Out', 'logout', 'Logged Out'],
  email_verified: ['Verified Email', 'Email Confirmed'],
  profile_completed: ['Completed Profile'],
  account_deleted: ['Deleted Account'],
  invite_sent: ['Sent Invite'],
  app_installed: ['Application Installed', 'first_open'],
  app_opened: ['Application Opened', 'app_open'],
  app_uninstalled: ['Application Uninstalled', 'app_remove'],
  app_updated: ['Application Updated', 'app_update'],
  app_backgrounded: ['Application Backgrounded'],
  app_crashed: ['Application Crashed'],
  // Caused by a message
  email_sent: [],
  email_delivered: ['Delivered Email'],
  email_opened: ['Opened Email', 'email_open'],
  email_clicked: ['Email Link Clicked', 'Clicked Email', 'email_click'],
  email_replied: ['Replied to Email', 'email_reply'],
  email_bounced: ['Bounced Email', 'email_bounce'],
  email_complained: ['Email Marked as Spam', 'Email Complaint', 'spam_report'],
  email_unsubscribed: ['Unsubscribed', 'Unsubscribed from Email', 'unsubscribe'],
  sms_delivered: ['Delivered SMS', 'SMS Message Delivered', 'Text Message Delivered'],
  sms_clicked: ['SMS Link Clicked', 'Clicked SMS'],
  sms_replied: ['SMS Received', 'Replied to SMS', 'Inbound SMS'],
  sms_failed: ['SMS Undelivered', 'SMS Bounced'],
  sms_unsubscribed: ['Unsubscribed from SMS', 'SMS Opted Out'],
  whatsapp_delivered: [],
  whatsapp_opened: ['WhatsApp Read', 'WhatsApp Message Read'],
  whatsapp_clicked: ['WhatsApp Link Clicked'],
  whatsapp_replied: ['WhatsApp Received'],
  whatsapp_failed: ['WhatsApp Undelivered'],
  whatsapp_unsubscribed: ['WhatsApp Opted Out'],
  social_delivered: [],
  social_opened: ['Social Message Read', 'Social Message Seen'],
  social_clicked: ['Social Link Clicked'],
  social_replied: ['Social Message Replied'],
  social_unsubscribed: [],
  push_delivered: ['Push Notification Received', 'Push Notification Delivered', 'notification_receive'],
  push_opened: ['Push Notification Opened', 'push_notification_tapped', 'notification_open'],
  push_bounced: ['Push Notification Bounced'],
  push_unsubscribed: ['Push Notification Opted Out'],
  in_app_delivered: ['In-App Message Delivered', 'In-App Message Viewed'],
  in_app_clicked: ['In-App Message Clicked'],
  // Kept for the record: not something a user set out to do
  identify: [],
  group: [],
  alias: [],
} as const satisfies Record<string, readonly string[]>;

/** A name of our vocabulary. Every other name is the tenant's own, and is kept as it was sent. */
export type KnownEvent = keyof typeof NAMES;

/** A name without case, spaces and punctuation: `Order Completed`, `orderCompleted` and `order_completed` are one. */
function fold(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

const CANONICAL: ReadonlyMap<string, KnownEvent> = new Map(
  Object.entries(NAMES).flatMap(([canonical, others]) =>
    [canonical, ...others].map((name) => [fold(name), canonical as KnownEvent] as const),
  ),
);

/**
 * The name under which an event is kept: one of our vocabulary where the table knows it, else the sender's, trimmed. Goals and
 * funnels name their events through the same function.
 */
export function canonicalEventName(name: string): string {
  return CANONICAL.get(fold(name)) ?? name.trim();
}

export const isKnownEvent = (name: string): name is KnownEvent => Object.hasOwn(NAMES, name);

/** All canonical names, with the other names of each. */
export const vocabulary: ReadonlyMap<KnownEvent, readonly string[]> = new Map(
  Object.entries(NAMES).map(([canonical, others]) => [canonical as KnownEvent, others]),
);

const EARNED: ReadonlySet<string> = new Set<KnownEvent>(['purchase', 'subscription_started', 'subscription_renewed']);

/**
 * What an amount on this event means. A checkout that is begun or a product that is looked at carries a worth, but nobody has
 * paid: such amounts stay properties. A tenant's own event earns only what it calls `revenue` itself.
 */
export function moneyMeaningOf(event: string): MoneyMeaning | 'own' {
  if (event === 'refund') return 'returned';
  if (EARNED.has(event)) return 'earned';
  return isKnownEvent(event) ? 'none' : 'own';
}

const BOOKKEEPING: ReadonlySet<string> = new Set<KnownEvent>(['identify', 'group', 'alias', 'email_sent']);

/** Something that a system noted about a user, not something the user did: no sign of activity. */
export const isBookkeeping = (event: string): boolean => BOOKKEEPING.has(event);
