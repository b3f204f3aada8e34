# The cases of record.sh: what is done to the programs.

python=/usr/bin/python3

# app writes an application for servers of Python: WSGI as app, ASGI as asgi. Its
# answer takes no time.
app() {
	cat >"$dir/app.py" <<'PY'
def app(environ, start_response):
    body = b"hello\n" * 10
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    elif scope["path"] != "/blind":
        await receive()
    body = b"hello\n" * 10
    head = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})

PY
}

# Puma, two workers, a phased restart (SIGUSR1) while six sessions are in use.
puma-phased-restart() {
	line 1ms
	cat >"$dir/config.ru" <<'RU'
run ->(env) { [200, {"Content-Type" => "text/plain"}, ["hello\n" * 10]] }
RU
	serve puma --dir "$dir" -w 2 -t 1:8 -b tcp://$server:8080 -e production "$dir/config.ru"
	ready 8080
	client $python "$here/client.py" requests http://$server:8080/ 6 20 0.4 &
	sleep 3
	kill -USR1 "$pid"
	wait $!
}

# gunicorn with threads: each worker ends after 25 requests and is replaced.
gunicorn-max-requests() {
	line 1ms
	app
	serve gunicorn --chdir "$dir" -k gthread --threads 8 -w 1 --max-requests 25 --keep-alive 30 -b $server:8080 app:app
	ready 8080
	client $python "$here/client.py" requests http://$server:8080/ 6 16 0.3
}

# Caddy is told to load another configuration.
caddy-reload() {
	line 1ms
	printf '{\n\tadmin 127.0.0.1:2019\n\tauto_https off\n}\n:8080 {\n\trespond "hello hello hello"\n}\n' >"$dir/Caddyfile"
	HOME=$dir serve caddy run --config "$dir/Caddyfile" --adapter caddyfile
	ready 8080
	client $python "$here/client.py" requests http://$server:8080/ 6 12 0.4 &
	sleep 3
	sed -i 's/hello hello/hello again/' "$dir/Caddyfile"
	HOME=$dir ip netns exec "$ns-s" caddy reload --config "$dir/Caddyfile" --adapter caddyfile >>"$out/$case.log" 2>&1
	wait %-
}

# lighttpd closes after 2 s, the sessions of requests find that when they ask again
# after 4 s.
lighttpd-lazy-pool() {
	line 1ms
	mkdir "$dir/www"
	seq 30 >"$dir/www/index.html"
	cat >"$dir/lighttpd.conf" <<CONF
server.document-root = "$dir/www"
server.port = 8080
server.max-keep-alive-idle = 2
index-file.names = ( "index.html" )
CONF
	serve lighttpd -D -f "$dir/lighttpd.conf"
	ready 8080
	client $python "$here/client.py" requests http://$server:8080/ 4 4 4
}

# PHP announces more than it sends; nginx closes in the response.
phpfpm-short-length() {
	line 1ms
	php_fpm 'header("Content-Length: 500"); echo str_repeat("x", 300);'
	ready 8080
	client $python "$here/client.py" requests http://$server:8080/index.php 4 3 0.5
}

# php_fpm starts nginx with php-fpm behind it, which runs a script; $2 goes into the
# server block.
php_fpm() {
	echo "<?php $1" >"$dir/index.php"
	cat >"$dir/fpm.conf" <<CONF
[global]
error_log = $dir/fpm.log
daemonize = no
[www]
user = nobody
listen = $dir/fpm.sock
listen.mode = 0666
pm = static
pm.max_children = 2
CONF
	serve php-fpm8.2 -F -y "$dir/fpm.conf"
	fpm=$pid
	cat >"$dir/nginx.conf" <<CONF
daemon off;
worker_processes 1;
pid $dir/nginx.pid;
error_log $dir/nginx.log;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/fastcgi;
	uwsgi_temp_path $dir/uwsgi; scgi_temp_path $dir/scgi;
	server {
		listen 8080;
		${2:-}
		location / {
			include /etc/nginx/fastcgi_params;
			fastcgi_param SCRIPT_FILENAME $dir/index.php;
			fastcgi_pass unix:$dir/fpm.sock;
		}
	}
}
CONF
	serve nginx -c "$dir/nginx.conf"
}

# uvicorn is killed while five connections have been idle for 3 s.
uvicorn-killed-idle() {
	line 1ms
	app
	serve $python -m uvicorn --app-dir "$dir" --host $server --port 8080 --timeout-keep-alive 60 app:asgi
	ready 8080
	client $python "$here/client.py" idle http://$server:8080/ 5 6 0 &
	sleep 4
	kill -9 "$pid"
	wait $!
}

# aiohttp leaves bodies of 200 kB unread.
aiohttp-unread() {
	line 1ms
	mkdir "$dir/www"
	head -c 200000 /dev/zero | tr '\0' x >"$dir/www/index.html"
	cat >"$dir/lighttpd.conf" <<CONF
server.document-root = "$dir/www"
server.port = 8080
index-file.names = ( "index.html" )
CONF
	serve lighttpd -D -f "$dir/lighttpd.conf"
	snap=200
	ready 8080
	client $python "$here/client.py" aiohttp-unread http://$server:8080/ 1 8 0.3
}

# requests waits for a connection for 0.2 s, the round trip takes 0.3 s.
requests-connect-timeout() {
	line 150ms
	app
	serve gunicorn --chdir "$dir" -k gthread --threads 4 -w 1 -b $server:8080 app:app
	ready 8080
	client $python "$here/client.py" connect http://$server:8080/ 3 3 0.2
}

# HAProxy waits for the whole body for 2 s; the clients send a fourth of it.
haproxy-upload-timeout() {
	line 1ms
	cat >"$dir/haproxy.cfg" <<CONF
defaults
	mode http
	timeout client 10s
	timeout connect 2s
	timeout server 10s
	timeout http-request 2s
	option http-buffer-request
frontend web
	bind $server:8080
	http-request return status 200 content-type text/plain string "hello"
CONF
	serve haproxy -f "$dir/haproxy.cfg"
	ready 8080
	client $python "$here/client.py" upload http://$server:8080/ 5 12000 3000
}

# gunicorn with two workers that end after 20 to 30 requests, each with its own connections.
gunicorn-two-workers() {
	line 1ms
	app
	serve gunicorn --chdir "$dir" -k gthread --threads 8 -w 2 --max-requests 20 --max-requests-jitter 10 --keep-alive 30 \
		-b $server:8080 app:app
	ready 8080
	client $python "$here/client.py" requests http://$server:8080/ 8 20 0.3
}

# uvicorn closes connections that are idle for 1 s; the clients ask at about that time.
uvicorn-stale-race() {
	line 20ms
	app
	serve $python -m uvicorn --app-dir "$dir" --host $server --port 8080 --timeout-keep-alive 1 app:asgi
	ready 8080
	client $python "$here/client.py" requests http://$server:8080/ 6 8 0.985
}

# hypercorn closes after a response that comes before the application asks for the request.
hypercorn-blind() {
	line 1ms
	app
	serve sh -c "cd $dir && exec $python -m hypercorn -b $server:8080 app:asgi"
	ready 8080
	client $python "$here/client.py" requests http://$server:8080/blind 4 6 0.2
}

# cheroot answers 500 where the application fails, and closes.
cheroot-error-close() {
	line 1ms
	cat >"$dir/app.py" <<'PY'
import sys

from cheroot import wsgi


def app(environ, start_response):
    if environ["PATH_INFO"] == "/report":
        raise ValueError("no report")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


wsgi.Server((sys.argv[1], 8080), app, numthreads=8).start()
PY
	serve $python "$dir/app.py" $server
	ready 8080
	client $python "$here/client.py" some-fail http://$server:8080/ 4 9 0.2
}

# Tomcat closes after 6 requests.
tomcat-max-requests() {
	line 1ms
	tomcat 'maxKeepAliveRequests="6"'
	ready 8080
	client $python "$here/client.py" requests http://$server:8080/ 4 20 0.2
}

# Tomcat answers an upload of 300 kB without reading it, and swallows 20 kB of it.
tomcat-unread-upload() {
	line 1ms
	tomcat 'maxSwallowSize="20000"'
	ready 8080
	client $python "$here/client.py" upload http://$server:8080/none 4 300000 300000
}

# tomcat starts Tomcat with attributes of its connector.
tomcat() {
	mkdir -p "$dir"/{conf,logs,temp,work,webapps/ROOT}
	seq 30 >"$dir/webapps/ROOT/index.html"
	echo '<%= request.getInputStream().readAllBytes().length %>' >"$dir/webapps/ROOT/in.jsp"
	cat >"$dir/conf/server.xml" <<XML
<Server port="-1">
  <Service name="Catalina">
    <Connector address="$server" port="8080" protocol="HTTP/1.1" $1/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps"/>
    </Engine>
  </Service>
</Server>
XML
	cp /etc/tomcat10/web.xml "$dir/conf/"
	CATALINA_HOME=/usr/share/tomcat10 CATALINA_BASE=$dir CATALINA_TMPDIR=$dir/temp \
		serve /usr/share/tomcat10/bin/catalina.sh run
}

# lighttpd keeps connections for 5 requests more than the first.
lighttpd-max-requests() {
	line 1ms
	mkdir "$dir/www"
	seq 30 >"$dir/www/index.html"
	cat >"$dir/lighttpd.conf" <<CONF
server.document-root = "$dir/www"
server.port = 8080
server.max-keep-alive-requests = 5
index-file.names = ( "index.html" )
CONF
	serve lighttpd -D -f "$dir/lighttpd.conf"
	ready 8080
	client $python "$here/client.py" requests http://$server:8080/ 4 18 0.1
}

# uvicorn ends after 30 requests; a supervisor starts it again.
uvicorn-limit-max-requests() {
	line 1ms
	app
	serve sh -c "while :; do $python -m uvicorn --app-dir $dir --host $server --port 8080 --timeout-keep-alive 60 --limit-max-requests 30 app:asgi || exit; done"
	ready 8080
	client $python "$here/client.py" requests http://$server:8080/ 5 16 0.3
}

# nginx waits for more of the body for 2 s, and closes then.
nginx-body-timeout() {
	line 1ms
	php_fpm 'echo strlen(file_get_contents("php://input"));' 'client_body_timeout 2s;'
	ready 8080
	client $python "$here/client.py" upload http://$server:8080/index.php 5 12000 3000
}

# lighttpd waits for more of the body for 2 s.
lighttpd-body-timeout() {
	line 1ms
	mkdir "$dir/www"
	seq 30 >"$dir/www/index.html"
	cat >"$dir/lighttpd.conf" <<CONF
server.document-root = "$dir/www"
server.port = 8080
server.max-read-idle = 2
server.modules += ( "mod_cgi" )
cgi.assign = ( ".sh" => "/bin/sh" )
CONF
	printf 'cat >/dev/null; printf "Content-Type: text/plain\\r\\n\\r\\nhello\\n"\n' >"$dir/www/in.sh"
	serve lighttpd -D -f "$dir/lighttpd.conf"
	ready 8080
	client $python "$here/client.py" upload http://$server:8080/in.sh 5 12000 3000
}

# Tomcat reads no more after 2 s: its servlet is given an error.
tomcat-body-timeout() {
	line 1ms
	tomcat 'connectionTimeout="2000"'
	ready 8080
	client $python "$here/client.py" upload http://$server:8080/in.jsp 5 12000 3000
}

# node26 is Node 26: NODE26, or the one that is installed (npm install node@26).
node26=${NODE26:-node}

# node_case DELAY KEEPALIVE MAX BYTES CLIENT...: a server of Node, and a client of it
node_case() {
	line "$1"
	serve "$node26" "$here/server.mjs" $server 8080 "$2" "$3" "$4"
	ready 8080
	shift 4
	client "$@"
}

# fetch leaves bodies of 150 kB, which the garbage collector finds.
node26-fetch-unread() {
	snap=400
	node_case 1ms 60000 0 150000 "$node26" --expose-gc "$here/client.mjs" fetch-unread http://$server:8080/ 1 6 100
}

# fetch cancels bodies of 300 kB.
node26-fetch-cancel() {
	snap=400
	node_case 1ms 60000 0 300000 "$node26" "$here/client.mjs" fetch-cancel http://$server:8080/ 1 8 100
}

# http.Agent closes after 5 s, whatever more the server announces.
node26-agent-idle() { node_case 1ms 60000 0 100 "$node26" "$here/client.mjs" agent http://$server:8080/ 2 3 6000 1500; }

# http.Agent takes 1 s off the 4 s that the server announces.
node26-agent-announced() { node_case 1ms 4000 0 100 "$node26" "$here/client.mjs" agent http://$server:8080/ 2 3 3500 100; }

# fetch takes 2 s off the 5 s that the server announces.
node26-fetch-announced() { node_case 1ms 5000 0 100 "$node26" "$here/client.mjs" fetch http://$server:8080/ 2 3 4000 100; }

# fetch closes after 4 s where the server announces nothing.
node26-fetch-idle() {
	line 1ms
	app
	serve gunicorn --chdir "$dir" -k gthread --threads 8 -w 1 --keep-alive 30 -b $server:8080 app:app
	ready 8080
	client "$node26" "$here/client.mjs" fetch http://$server:8080/ 2 3 5000 500
}

# Node says close at the third request, and leaves the FIN to the client for 6 s.
node26-max-requests() {
	line 1ms
	serve "$node26" "$here/server.mjs" $server 8080 5000 3 100
	ready 8080
	client $python - $server <<'PY'
import socket
import sys

open_ones = []
for i in range(4):
    s = socket.create_connection((sys.argv[1], 8080))
    s.settimeout(10)
    for n in range(3):
        s.sendall(b"GET / HTTP/1.1\r\nHost: lab\r\nUser-Agent: raw\r\n\r\n")
        got = b""
        while not got.endswith(b"x" * 100):
            got += s.recv(4096)
    open_ones.append(s)
for s in open_ones:
    print(len(s.recv(100)))
    s.close()
PY
}

# fasthttp_case METHOD: its client asks 1.2 s after each response, uvicorn closes after 1 s.
fasthttp_case() {
	line 1ms
	app
	(cd "$here/fasthttp" && go build -o "$dir/fasthttp" .)
	serve $python -m uvicorn --app-dir "$dir" --host $server --port 8080 --timeout-keep-alive 1 app:asgi
	ready 8080
	client "$dir/fasthttp" http://$server:8080/ "$1" 6 1200ms
}
fasthttp-get() { fasthttp_case GET; }
fasthttp-post() { fasthttp_case POST; }

# drain VERSION ONE-WAY PATH: 5 bodies that the client closes unread
drain() {
	line "$2"
	(cd "$here/drain" && GOTOOLCHAIN=$1 go build -o "$dir/drain" .)
	serve "$dir/drain" serve $server:8080
	snap=300
	ready 8080
	client "$dir/drain" get "http://$server:8080/$3" 5 200ms
}

# From 1.27 on Go reads at Close what comes within 50 ms of a body of up to 262,144 bytes.
go126-drain-60000() { drain go1.26.8 0s 60000; }
go127-drain-60000() { drain go1.27.3 0s 60000; }
go127-drain-60000-far() { drain go1.27.3 10ms 60000; }
go127-drain-100000-far() { drain go1.27.3 10ms 100000; }
go127-drain-262144() { drain go1.27.3 0s 262144; }
go127-drain-262145() { drain go1.27.3 0s 262145; }
go127-drain-chunked() { drain go1.27.3 0s '60000?chunked=1'; }
go127-drain-chunked-far() { drain go1.27.3 10ms '60000?chunked=1'; }
go127-drain-chunked-big() { drain go1.27.3 0s '300000?chunked=1'; }
go127-drain-drip() { drain go1.27.3 0s '60000?gap=80ms'; }
go127-drain-drip-far() { drain go1.27.3 10ms '60000?gap=80ms'; }

# beego 1.12 with ServerTimeOut 1: net/http's ReadTimeout and WriteTimeout.
beego-timeout() {
	line 1ms
	(cd "$here/beego" && go build -o "$dir/beego" .)
	serve env -C "$dir" ./beego $server 8080
	ready 8080
	client $python "$here/client.py" requests http://$server:8080/ 4 4 1.5
}

# wrk ends with requests under way.
wrk-end() {
	line 1ms
	php_fpm 'usleep(3000); echo "hello";'
	ready 8080
	client wrk -t1 -c4 -d1s http://$server:8080/
}

# A server of net/http refuses what "Expect: 100-continue" announces: who closes then?
go-expect-unread() {
	line 1ms
	(cd "$here/drain" && go build -o "$dir/drain" .)
	serve "$dir/drain" serve $server:8080
	ready 8080
	client $python - $server <<'PY'
import socket
import sys
import time

for i in range(4):
    s = socket.create_connection((sys.argv[1], 8080))
    s.settimeout(10)
    s.sendall(b"POST /5 HTTP/1.1\r\nHost: lab\r\nUser-Agent: raw\r\nContent-Length: 50000\r\nExpect: 100-continue\r\n\r\n")
    print(s.recv(4096), flush=True)
    began = time.time()
    s.settimeout(3)
    try:
        print(len(s.recv(100)), "after", time.time() - began)
    except TimeoutError:
        print("no FIN in 3 s")
    s.close()
PY
}
