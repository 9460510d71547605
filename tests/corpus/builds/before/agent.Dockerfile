# An agent as it was: one stage for everything, and nobody but root.
FROM python AS base
ADD . /app
RUN apt-get update
RUN apt-get install -y git build-essential
RUN pip install pytest black ruff && pip install -r /app/requirements.txt
RUN make -C /app
CMD python /app/agent.py
