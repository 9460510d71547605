# A site that nginx serves, as it was.
FROM node:20-alpine AS builder
WORKDIR /app
COPY package*.json ./
RUN npm ci
COPY . .
RUN npm run build

FROM nginx:1.25-alpine
RUN addgroup -g 101 web && adduser -u 101 -G web -D web || true
WORKDIR /usr/share/nginx/html
COPY --from=builder /app/dist .
COPY nginx.conf /etc/nginx/conf.d/default.conf
RUN mkdir -p /var/run/nginx && chown -R nginx:nginx /var/run/nginx /var/cache/nginx
USER 101
CMD ["nginx", "-g", "daemon off;"]
