"""The administration API: FastAPI in front of the operations, in the web process.

Knows the wire: paths, JSON, problem documents, and the one OpenAPI document of both HTTP interfaces. Refuses to know
rules of money, SQL, and where its token and addresses come from. Nothing happens when it is imported:
``commcredits.edges.http.administration.app.administration_app`` makes the application.
"""
