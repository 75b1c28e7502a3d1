/**
 * The one table of property names: ours, and what others call the same thing, the first that is present winning. They are
 * compared as they are written here; any other property keeps the name it came with.
 */
const NAMES = {
  page: ['path', 'page_path', 'pagePath'],
  category: ['product_category', 'productCategory', 'item_category', 'content_category', 'contentCategory'],
  product_id: ['productId', 'item_id', 'content_id'],
  product: ['product_name', 'productName', 'item_name'],
  order_id: ['orderId', 'transaction_id', 'transactionId', 'checkout_id', 'checkoutId'],
  form: ['form_id', 'formId', 'form_name', 'formName'],
  first_time: ['firstTime', 'is_first_order', 'isFirstOrder', 'first_order', 'new_customer'],
  quantity: ['qty'],
  coupon: ['coupon_code', 'couponCode', 'discount_code'],
} as const satisfies Record<string, readonly string[]>;

const CANONICAL: ReadonlyMap<string, string> = new Map(
  Object.entries(NAMES).flatMap(([canonical, others]) => others.map((name) => [name, canonical] as const)),
);

/** Where an amount is looked for, in this order: what the order brought in, else its total, else its value. */
export const AMOUNT_PROPERTIES = ['revenue', 'total', 'value', 'amount'] as const;

/** The name under which a property is kept and asked for: filters of goals and funnels go through it as well. */
export function canonicalPropertyName(name: string): string {
  return CANONICAL.get(name) ?? name;
}

export type Properties = Readonly<Record<string, unknown>>;

/**
 * Properties under their canonical names. A canonical name that was sent itself wins over its other names, which then stay as
 * they are, so that nothing is lost. Amounts keep their names: `amountIn` finds them.
 */
export function canonicalProperties(sent: Properties): Properties {
  let renamed: Record<string, unknown> | undefined;
  for (const name of Object.keys(sent)) {
    const canonical = CANONICAL.get(name);
    if (canonical === undefined || sent[canonical] !== undefined) continue;
    renamed ??= { ...sent };
    if (renamed[canonical] !== undefined) continue;
    renamed[canonical] = sent[name];
    delete renamed[name];
  }
  return withCategory(renamed ?? sent);
}

/** An order tells its categories product by product; the first stands for all, so that interests can be seen. */
function withCategory(properties: Properties): Properties {
  if (properties.category !== undefined || !Array.isArray(properties.products)) return properties;
  for (const product of properties.products as readonly unknown[]) {
    if (typeof product === 'object' && product !== null && 'category' in product && typeof product.category === 'string') {
      return { ...properties, category: product.category };
    }
  }
  return properties;
}

/** The first property that holds an amount, by the order of `AMOUNT_PROPERTIES`; null and the empty text are none. */
export function amountIn(
  properties: Properties,
  names: readonly string[] = AMOUNT_PROPERTIES,
): { name: string; amount: unknown } | undefined {
  for (const name of names) {
    const amount = properties[name];
    if (amount !== undefined && amount !== null && amount !== '') return { name, amount };
  }
  return undefined;
}
