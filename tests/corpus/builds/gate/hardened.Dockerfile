FROM scratch
COPY --chmod=555 app /app
USER 1000:1000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["/app", "--check"]
ENTRYPOINT ["/app"]
