# A server in Node as it was.
FROM node:20-alpine AS dependencies
WORKDIR /app
COPY package*.json ./
RUN npm ci --no-optional --legacy-peer-deps && npm cache clean --force

FROM node:20-alpine
RUN apk add --no-cache dumb-init
WORKDIR /app
COPY --from=dependencies --chown=node:node /app/node_modules ./node_modules
COPY --chown=node:node . .
RUN mkdir -p /app/logs /app/uploads && chown -R node:node /app
USER node
CMD ["node", "server.js"]
