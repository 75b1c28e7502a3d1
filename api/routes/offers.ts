import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { DomainError } from '../../core/errors.js';
import type { TenantId } from '../../core/ids.js';
import { mostCodes } from '../../core/offer/code-pattern.js';
import type { Database, TenantTransaction } from '../../db/client.js';
import { addCodes, countCodes, listCodes, makeCodes } from '../../db/queries/offer-codes.js';
import { createOffer, listOffers, requireOffer, type OfferRow } from '../../db/queries/offers.js';
import { cutPage, decodeCursor } from '../cursors.js';
import { page, PageQuery } from '../fields.js';
import {
  CodesAdded,
  CodeShown,
  codeShown,
  leftOutShown,
  NewCodes,
  newOffer,
  NewOfferBody,
  OfferParams,
  OfferShown,
  offerShown,
  readCodes,
} from '../offer-fields.js';
import { defineRoute, type Route } from '../route.js';
import { numberAt } from './campaign-journeys.js';

type Dependencies = { readonly database: Database; readonly now: () => Date };

/** What a tenant offers, and the codes of which each person gets one. */
export const createOfferRoutes = (dependencies: Dependencies): readonly Route[] => [
  createRoute(dependencies),
  listRoute(dependencies),
  showRoute(dependencies),
  addCodesRoute(dependencies),
  listCodesRoute(dependencies),
];

const shown = async (tx: TenantTransaction, offer: OfferRow) => offerShown(offer, await countCodes(tx, offer));

function createRoute({ database, now }: Dependencies): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/offers',
    tag: 'Offers',
    summary: 'Make an offer of which each person gets a code',
    description: 'A step names it by `offer.offer_id`. The same again changes nothing; what its codes give never changes.',
    scope: 'campaigns:write',
    startsSomething: true,
    body: NewOfferBody,
    responses: { 200: OfferShown.describe('It was there already.'), 201: OfferShown.describe('The offer, without codes yet.') },
  }).handledBy(({ tenantId, keyId, body }) => {
    const freshKey = `off_${randomBytes(10).toString('hex')}`;
    const wanted = newOffer(body, { tenantId, createdBy: keyId, createdAt: now(), freshKey });
    return database.withTenant(tenantId, async (tx) => {
      const { offer, isNew } = await createOffer(tx, wanted);
      const answer = await shown(tx, offer);
      return isNew ? { status: 201, body: answer, headers: { Location: `/v1/offers/${offer.offerKey}` } } : { status: 200, body: answer };
    });
  });
}

function listRoute({ database }: Dependencies): Route {
  return defineRoute({
    method: 'get',
    path: '/v1/offers',
    tag: 'Offers',
    summary: 'List the offers, the latest first',
    scope: 'read',
    query: PageQuery,
    responses: { 200: page(OfferShown).describe('A page of offers.') },
  }).handledBy(async ({ tenantId, query: { limit, cursor } }) => {
    const before = cursor === undefined ? undefined : decodeCursor('offers', cursor, numberAt);
    return database.withTenant(tenantId, async (tx) => {
      const rows = await listOffers(tx, tenantId, { before, limit: limit + 1 });
      const { items, next_cursor } = cutPage('offers', rows, limit, ({ offerId }) => String(offerId));
      const body = [];
      for (const offer of items) body.push(await shown(tx, offer));
      return { status: 200, body: { items: body, next_cursor } };
    });
  });
}

function showRoute({ database }: Dependencies): Route {
  return defineRoute({
    method: 'get',
    path: '/v1/offers/{offer_id}',
    tag: 'Offers',
    summary: 'Show an offer, and how many of its codes are free, given and redeemed',
    scope: 'read',
    params: OfferParams,
    responses: { 200: OfferShown.describe('The offer.') },
  }).handledBy(({ tenantId, params }) =>
    database.withTenant(tenantId, async (tx) => ({
      status: 200,
      body: await shown(tx, await requireOffer(tx, tenantId, params.offer_id)),
    })),
  );
}

function addCodesRoute({ database }: Dependencies): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/offers/{offer_id}/codes',
    tag: 'Offers',
    summary: 'Upload codes of an offer, or let some be made',
    description: 'Up to 5,000 a request. Again, it changes nothing. Codes that are left out are named; all others are added.',
    scope: 'campaigns:write',
    params: OfferParams,
    body: NewCodes,
    responses: { 200: CodesAdded.describe('How many were added, and which were not.') },
  }).handledBy(({ tenantId, params, body }) =>
    database.withTenant(tenantId, async (tx) => {
      const offer = await requireOffer(tx, tenantId, params.offer_id);
      const result = 'codes' in body ? await upload(tx, offer, body.codes) : await make(tx, offer, body.make_until);
      return { status: 200, body: { ...result, counts: { ...(await countCodes(tx, offer)) } } };
    }),
  );
}

type Added = Omit<z.input<typeof CodesAdded>, 'counts'>;

async function upload(tx: TenantTransaction, offer: OfferRow, uploaded: readonly string[]): Promise<Added> {
  const { codes, leftOut } = readCodes(uploaded);
  const known = await addCodes(tx, offer, codes);
  return { added: codes.length - known.length, left_out: [...leftOut, ...known.map(leftOutShown)] };
}

/** What one request may take of our time. */
const MOST_MADE = 100_000;

async function make(tx: TenantTransaction, offer: OfferRow, inAll: number): Promise<Added> {
  const { pattern } = offer;
  if (pattern === null) throw new DomainError('conflict', 'the offer has no pattern, so that its codes are uploaded');
  const most = mostCodes(pattern);
  if (inAll > most) throw new DomainError('invalid', `body make_until: ${most} is the most, or codes of ${pattern} could be guessed`);
  const { codes } = await countCodes(tx, offer);
  const added = await makeCodes(tx, { ...offer, pattern }, { inAll: Math.min(inAll, codes + MOST_MADE), randomBytes });
  return { added, left_out: [] };
}

function listCodesRoute({ database }: Dependencies): Route {
  return defineRoute({
    method: 'get',
    path: '/v1/offers/{offer_id}/codes',
    tag: 'Offers',
    summary: 'List the codes of an offer, for the shop that takes them',
    scope: 'read',
    params: OfferParams,
    query: PageQuery.extend({ state: z.enum(['free', 'given', 'redeemed']).optional() }),
    responses: { 200: page(CodeShown).describe('A page of codes, in the order in which they are given.') },
  }).handledBy(({ tenantId, params, query: { limit, cursor, state } }) =>
    database.withTenant(tenantId, (tx) => codesOf(tx, tenantId, { key: params.offer_id, limit, cursor, state })),
  );
}

async function codesOf(
  tx: TenantTransaction,
  tenantId: TenantId,
  asked: {
    readonly key: string;
    readonly limit: number;
    readonly cursor: string | undefined;
    readonly state: 'free' | 'given' | 'redeemed' | undefined;
  },
) {
  const { key, limit, cursor, state } = asked;
  const list = `codes ${key}`;
  const after = cursor === undefined ? 0 : decodeCursor(list, cursor, numberAt);
  const rows = await listCodes(tx, await requireOffer(tx, tenantId, key), { state, after, limit: limit + 1 });
  const { items, next_cursor } = cutPage(list, rows, limit, ({ codeId }) => String(codeId));
  return { status: 200, body: { items: items.map(codeShown), next_cursor } } as const;
}
