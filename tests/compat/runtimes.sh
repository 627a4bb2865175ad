#!/bin/bash
# SPDX-License-Identifier: MIT
# Programs with every copy offloaded: JavaScript and Java, which make code.
. tests/lib.sh "$1"
. tests/compat/lib.sh

same node node nodejs heavy <<'END'
cat >job.js <<'JS'
const crypto = require('crypto'), zlib = require('zlib'), fs = require('fs')
const hash = (x) => crypto.createHash('sha256').update(x).digest('hex')
const text = fs.readFileSync(process.env.data + '/text')
console.log(hash(text), hash(zlib.gzipSync(text).length + ''), hash(zlib.gunzipSync(zlib.gzipSync(text))))
const b = Buffer.concat([text, text.subarray(5, 70000), Buffer.alloc(100000, 'ab')])
b.copy(b, 1000, 5, 600000); b.fill('xyz', 7, 5000); console.log(hash(b), b.indexOf('shrd'))
console.log(hash(JSON.stringify(text.toString().split('\n').map((l, i) => ({ i, l: l.toUpperCase() })).slice(0, 5000))))
const u = new Float64Array(200000).map((_, i) => Math.sqrt(i)); console.log(hash(new Uint8Array(u.slice(9).buffer)), u.sort((a, b) => b - a)[3])
const { Worker } = require('worker_threads')
const w = new Worker('const { parentPort } = require("worker_threads"); parentPort.once("message", (m) => parentPort.postMessage(m.fill(7, 1000)))', { eval: true })
w.once('message', (m) => { console.log(hash(m)); fs.createReadStream(process.env.data + '/noise').pipe(zlib.createBrotliCompress()).pipe(zlib.createBrotliDecompress()).pipe(crypto.createHash('md5')).on('data', (d) => console.log(d.toString('hex'))) })
w.postMessage(new Uint8Array(500000))
console.log(require('child_process').execSync('node -p "process.argv.length"').toString())
JS
node job.js
END

same java 'a JVM: javac, java with three collectors' openjdk-17-jre-headless heavy <<'END'
cat >Job.java <<'JAVA'
import java.nio.file.*; import java.security.*; import java.util.*; import java.util.concurrent.*; import java.util.zip.*; import java.io.*;
public class Job {
	static String hash(byte[] b) throws Exception { return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(b)); }
	public static void main(String[] a) throws Exception {
		byte[] text = Files.readAllBytes(Path.of(System.getenv("data"), "text"));
		ByteArrayOutputStream o = new ByteArrayOutputStream();
		try (GZIPOutputStream g = new GZIPOutputStream(o)) { g.write(text); }
		System.out.println(hash(new GZIPInputStream(new ByteArrayInputStream(o.toByteArray())).readAllBytes()));
		byte[] b = Arrays.copyOf(text, text.length * 2); System.arraycopy(b, 5, b, 1000, 700000); Arrays.fill(b, 9, 3000, (byte) 7);
		System.out.println(hash(b));
		ExecutorService pool = Executors.newFixedThreadPool(4); List<Future<String>> l = new ArrayList<>();
		for (int i = 0; i < 8; i++) { int k = i; l.add(pool.submit(() -> { List<byte[]> keep = new LinkedList<>(); for (int j = 0; j < 3000; j++) { keep.add(Arrays.copyOfRange(b, k * 99 + j, k * 99 + j + 9000)); if (j > 500) keep.remove(0); } return hash(keep.get(100)); })); }
		for (Future<String> f : l) System.out.println(f.get()); pool.shutdown();
		String s = new String(text); Map<String, Integer> n = new TreeMap<>(); for (String w : s.split("\\s+")) n.merge(w, 1, Integer::sum);
		System.out.println(n.hashCode() + " " + n.size() + " " + s.replace('e', 'E').hashCode());
		java.nio.ByteBuffer d = java.nio.ByteBuffer.allocateDirect(1 << 20); d.put(b, 0, 1 << 20).flip(); byte[] c = new byte[1 << 20]; d.get(c); System.out.println(hash(c));
		int[] x = null; try { x[0] = 1; } catch (NullPointerException e) { System.out.println("null"); }
		try { deep(0); } catch (StackOverflowError e) { System.out.println("deep"); }
	}
	static int deep(int i) { return deep(i + 1) + 1; }
}
JAVA
javac Job.java; sha256sum Job.class
for gc in Serial Parallel G1; do java -XX:+Use${gc}GC -Xmx300m Job; done
java -Xint -version 2>&1 | tail -n 1; java -XX:+UseZGC -Xmx400m Job | tail -n 3
END
