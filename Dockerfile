# One image for the API and the worker; the command decides which.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
COPY . .
RUN npm run build && node cli/madansara.mjs bundle

FROM node:24-slim
ENV NODE_ENV=production NODE_OPTIONS=--enable-source-maps
WORKDIR /app
COPY --from=build --chown=node:node /app ./
USER node
ENTRYPOINT ["node", "cli/madansara.mjs"]
CMD ["--help"]
