# The function's image. What is in it is decided by infra/image/prune.py, which runs without a container engine too
# (`make image-tree`): this file only says where it runs, and where its result goes.
#
# The base images are Oracle's, for the FDK. Those whose Dockerfiles are public, up to Python 3.11, are a slim Oracle
# Linux with its own packages of Python and pip. So both have /usr/bin/python3.12, which pip writes into the first line
# of /python/bin/fdk; what `python3` stands for in them is not documented. The second one has the user fn, 1000:1000,
# as whom OCI Functions runs every container.
# https://github.com/fnproject/fdk-python/tree/master/internal/images
# https://docs.oracle.com/iaas/Content/Functions/Tasks/functionsrunningasunprivileged.htm

FROM fnproject/python:3.12-dev AS build-stage
WORKDIR /build
COPY LICENSE func.py requirements.txt ./
COPY handlers handlers
COPY infra/image infra/image
RUN python3.12 -m infra.image.prune /image

FROM fnproject/python:3.12
WORKDIR /function
COPY --from=build-stage /image/python /python
COPY --from=build-stage /image/function /function
# Byte code is there for everything, and in OCI Functions nothing but /tmp can be written to.
ENV PYTHONPATH=/function:/python PYTHONDONTWRITEBYTECODE=1
USER 1000:1000
ENTRYPOINT ["/python/bin/fdk", "/function/func.py", "handler"]
