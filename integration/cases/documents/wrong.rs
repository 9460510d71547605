//! What each document says that its systems had wrong, item by item of its own checklist.
//! What a document says nothing of is built well in both states.

/// A document, as a project of its own.
pub(super) struct Document {
    /// Its folder below `before` and `after`, which begins with its number.
    pub(super) folder: &'static str,
    /// The items that its systems failed, each with what the document says.
    pub(super) wrong: &'static [(&'static str, &'static str)],
    /// The stage that ships as it is recommended, where it is not the last.
    pub(super) stage: Option<&'static str>,
}

pub(super) const DOCUMENTS: [Document; 5] = [
    Document {
        folder: "0-optimized-dockerfiles",
        stage: None,
        wrong: &[
            ("0.1", "User Privileges: Python ran as root"),
            ("0.2", "User Privileges: Node ran as root"),
            ("0.3", "User Privileges: nginx ran as root"),
            ("0.4", "Filesystem Permissions: node_modules was readable and writable"),
            ("0.5", "Filesystem Permissions: nginx.conf was standard"),
            ("0.6", "Filesystem Permissions: the logs directory was standard"),
            ("0.7", "Capabilities: nginx, Python and Node had all"),
            ("0.9", "Frontend, before: no init; the stage server installed one and did not use it"),
            ("0.10a", "Health Check Improvements: the frontend's had default timeouts"),
            ("0.10b", "Health Check Improvements: the Python backend's started after 10s"),
            ("0.12", "Node.js Stage Server, before: dev dependencies were included"),
            ("0.14", "Python Backend, before: /wheels and the cache were not cleaned up"),
            ("0.16", "Build Performance Comparison: the original builds had no cache mounts"),
            ("0.18", "Python Backend: labels were added"),
            ("0.19a", "Node.js Stage Server: NODE_ENV came with the consolidated ENV"),
            ("0.19b", "Python Backend: PYTHONHASHSEED and python -u were added"),
            ("0.20", "Node.js Stage Server: --max-old-space-size was added"),
            ("0.21", "User Privileges: all three ran as root"),
            ("0.22", "Deployment Checklist, step 4: a tag with a version is to be used"),
        ],
    },
    Document {
        folder: "1-production-report",
        stage: None,
        wrong: &[
            ("1.1", "Python Backend: a user with a shell; Static Sites: running as root"),
            ("1.2", "Python Backend: no explicit security context (seccomp, capabilities)"),
            ("1.3a", "Python Backend, Frontend: no support for a read-only file system"),
            ("1.4", "Static Sites: capability restrictions were added"),
            ("1.5", "Frontend, Static Sites: no .dockerignore"),
            ("1.6", "Static Sites: no health checks"),
            ("1.7", "Frontend: inline shell scripts wrote nginx's configuration"),
            ("1.8", "Static Sites: no security headers"),
            ("1.9", "Static Sites: no gzip or compression"),
            ("1.10", "Frontend, Static Sites: explicit ownership was added"),
            ("1.11", "Node.js Stage Server: no graceful shutdown"),
            ("1.12", "Node.js Stage Server: no memory limits"),
            ("1.13", "Static Sites: no multi-stage build, the whole context shipped"),
            ("1.14", "Node.js Stage Server: tests and source maps shipped"),
            ("1.15", "Node.js Stage Server: the lock file may be missing"),
            ("1.17", "Migration Strategy: resource limits are still to be set"),
        ],
    },
    Document {
        folder: "2-agents",
        stage: Some("runtime"),
        wrong: &[
            ("2.1", "Single Layer Package Installation: a layer for each command"),
            ("2.2", "--no-install-recommends Flag: recommended packages were installed"),
            ("2.3", "Production Runtime Stage: there was none"),
            (
                "2.4",
                "Removed Unnecessary Dependencies: test frameworks, linters, git, compilers, docker",
            ),
            ("2.5", "Non-Root User: services ran as root"),
            // Not 2.6: production used `cap_drop: ALL` already.
            ("2.7", "Explicit Cache Control: no cache directives in pip installations"),
        ],
    },
    Document {
        folder: "3-compose-stack",
        stage: None,
        wrong: &[
            ("3.3", "Key Improvements 2: layer caching in the Node.js Dockerfile"),
            ("3.4", "Key Improvements 8: health checks without proper start periods"),
            ("3.5", "Key Improvements 1: no dumb-init"),
            ("3.6", "Key Improvements 5: no comprehensive .dockerignore"),
            ("3.10", "Key Improvements 3: no cap_drop and cap_add"),
            ("3.11", "Key Improvements 4: no read-only root file system for nginx"),
            ("3.13", "Security Checklist, not ticked: change default passwords"),
            ("3.14", "Security Checklist, not ticked: strong JWT secrets"),
            ("3.15", "Security Checklist, not ticked: secrets management"),
            ("3.18", "Security Checklist, not ticked: Redis on the internal network alone"),
            ("3.19", "Resource Limits: still to be configured for production"),
            ("3.20", "Image Tagging Strategy: the images are tagged latest"),
            ("3.21", "Security Checklist, not ticked: TLS in nginx"),
            ("3.22", "Security Checklist, not ticked: audit logging"),
        ],
    },
    Document {
        folder: "4-flask-on-gunicorn",
        stage: None,
        wrong: &[
            ("4.1", "Multi-Stage Build Implementation: a single stage with all dependencies"),
            ("4.2", "Base Image Version Pinning: python:3.12-slim, a floating tag"),
            ("4.3", "Enhanced Security: no explicit UID and GID"),
            ("4.4", "Enhanced Security: a user with a login shell"),
            ("4.5", "Enhanced Security: no dumb-init"),
            ("4.6", "Enhanced Security: new privileges could be gained"),
            ("4.7", "Enhanced Security: a writable container"),
            ("4.8", "Enhanced Health Checks: a timeout of 3s, no start period"),
            ("4.9", "Production-Ready Configuration: gunicorn was not tuned"),
            ("4.10", "Production-Ready Configuration: ENTRYPOINT and CMD were not separate"),
            ("4.11", "Security Enhancements: build tools in the final image"),
            ("4.12", "Security Enhancements: ownership and permissions were not set up"),
            ("4.13", ".dockerignore: there was none"),
            ("4.14", "env.example: the required variables were not documented or set"),
            ("4.15", "Next Steps: limits of memory and processor are still to be added"),
        ],
    },
];
