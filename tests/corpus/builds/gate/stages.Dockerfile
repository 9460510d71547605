FROM scratch AS dev
USER 0
FROM dev AS prod
ARG UID
USER ${UID}:1000
HEALTHCHECK CMD ["/app", "--check"]
ENTRYPOINT ["/app"]
