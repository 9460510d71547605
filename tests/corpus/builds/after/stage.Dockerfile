# The same, as it is recommended; its modes are those of their own user.
FROM node:20-alpine AS dependencies
WORKDIR /app
COPY package*.json ./
RUN npm ci --omit=dev && npm cache clean --force

FROM node:20-alpine
RUN apk add --no-cache dumb-init
WORKDIR /app
COPY --from=dependencies --chown=1000:1000 /app/node_modules ./node_modules
COPY --chown=1000:1000 . .
RUN mkdir -p /app/logs /app/uploads \
    && chown -R 1000:1000 /app \
    && chmod -R 500 /app/node_modules
USER 1000:1000
ENV NODE_ENV=production \
    NODE_OPTIONS="--max-old-space-size=512"
HEALTHCHECK --interval=30s --timeout=10s --start-period=40s --retries=3 \
    CMD wget --quiet --tries=1 --spider http://localhost:9001/health || exit 1
ENTRYPOINT ["dumb-init", "--"]
CMD ["node", "server.js"]
