// SPDX-License-Identifier: MIT
/*
 * Room: WARM.  Requests of the kernel into calls on the tree and the nodes.
 * May: answer each request once.  Must not: know any rule of the driver.
 */
#include "fuseops.h"
#include "clock.h"
#include "node.h"
#include "poll.h"
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct search {
	const char *name;
	struct tb_place found;
	bool is_found;
};

static bool compare(void *arg, const char *name, struct tb_place child)
{
	struct search *s = arg;

	s->is_found = strcmp(name, s->name) == 0;
	s->found = child;
	return s->is_found;
}

static void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct search s = {.name = name};
	struct fuse_entry_param e;
	pid_t owner = tb_thread_group(fuse_req_ctx(req)->pid);

	/* Nothing is cached: entries come and go with the queues' state. */
	memset(&e, 0, sizeof(e));
	pthread_mutex_lock(&tb_lock);
	tb_tree_each(tb_place_of_ino(parent), compare, &s);
	if (s.is_found) {
		e.ino = tb_ino_of_place(s.found);
		/* Each process finds a file of its own: see shm.h. */
		if (s.found.kind == TB_PLACE_NODE &&
		    tb_world.submit == TB_SUBMIT_MMAP)
			e.ino = TB_INO_OF_OWNER(e.ino, owner);
		tb_tree_stat(s.found, &e.attr);
		e.attr.st_ino = e.ino;
	}
	pthread_mutex_unlock(&tb_lock);
	if (s.is_found)
		fuse_reply_entry(req, &e);
	else
		fuse_reply_err(req, ENOENT);
}

static void fs_getattr(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	tb_clock_request();
	pthread_mutex_lock(&tb_lock);
	tb_tree_stat(tb_place_of_ino(ino), &st);
	pthread_mutex_unlock(&tb_lock);
	st.st_ino = ino;
	fuse_reply_attr(req, &st, 0);
}

/* chmod and chown of nodes, as an administrator does; truncation is ignored. */
static void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr,
		       int to_set, struct fuse_file_info *fi)
{
	struct tb_place p = tb_place_of_ino(ino);

	if (to_set &
	    (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) {
		struct tb_wq *wq = tb_place_wq(p);

		if (p.kind != TB_PLACE_NODE) {
			fuse_reply_err(req, EPERM);
			return;
		}
		pthread_mutex_lock(&tb_lock);
		if (to_set & FUSE_SET_ATTR_MODE)
			wq->mode = attr->st_mode & 07777;
		if (to_set & FUSE_SET_ATTR_UID)
			wq->uid = attr->st_uid;
		if (to_set & FUSE_SET_ATTR_GID)
			wq->gid = attr->st_gid;
		pthread_mutex_unlock(&tb_lock);
	}
	fs_getattr(req, ino, fi);
}

static void fs_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char target[256];

	pthread_mutex_lock(&tb_lock);
	tb_tree_readlink(tb_place_of_ino(ino), target, sizeof(target));
	pthread_mutex_unlock(&tb_lock);
	fuse_reply_readlink(req, target);
}

struct listing {
	fuse_req_t req;
	char *buf;
	size_t used, size;
	off_t skip, at;
};

static bool list(void *arg, const char *name, struct tb_place child)
{
	struct listing *l = arg;
	struct stat st;
	size_t n;

	if (l->at++ < l->skip)
		return false;
	tb_tree_stat(child, &st);
	n = fuse_add_direntry(l->req, l->buf + l->used, l->size - l->used, name,
			      &st, l->at);
	if (n > l->size - l->used)
		return true;
	l->used += n;
	return false;
}

static void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	struct listing l = {.req = req, .size = size, .skip = off};
	struct tb_place here = tb_place_of_ino(ino);

	(void)fi;
	l.buf = malloc(size);
	if (!l.buf) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	pthread_mutex_lock(&tb_lock);
	if (!list(&l, ".", here) && !list(&l, "..", here))
		tb_tree_each(here, list, &l);
	pthread_mutex_unlock(&tb_lock);
	fuse_reply_buf(req, l.buf, l.used);
	free(l.buf);
}

static void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct tb_place p = tb_place_of_ino(ino);
	struct tb_client *client = NULL;
	int error = 0;

	fi->direct_io = 1;
	if (p.kind == TB_PLACE_NODE) {
		fi->nonseekable = 1;
		/* Mappings are refused by direct_io, else allowed. */
		if (tb_world.submit == TB_SUBMIT_MMAP)
			fi->direct_io = 0;
		error = tb_node_open(tb_place_wq(p), fuse_req_ctx(req)->pid,
				     &client);
	} else {
		fi->noflush = 1;
	}
	fi->fh = (uint64_t)(uintptr_t)client;
	if (error)
		fuse_reply_err(req, -error);
	else if (fuse_reply_open(req, fi) == -ENOENT && client)
		tb_node_release(client); /* the open was interrupted */
}

static struct tb_client *client_of(const struct fuse_file_info *fi)
{
	return (struct tb_client *)(uintptr_t)fi->fh;
}

static void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct tb_place p = tb_place_of_ino(ino);
	struct tb_object o = tb_place_object(p);
	char buf[4096];
	int n;

	(void)fi;
	if (p.kind != TB_PLACE_ATTR) {
		fuse_reply_err(req, EINVAL); /* the nodes have no read() */
		return;
	}
	pthread_mutex_lock(&tb_lock);
	n = tb_attr_show(&o, tb_attr_of(o.kind, p.attr), buf);
	pthread_mutex_unlock(&tb_lock);
	if (n < 0)
		fuse_reply_err(req, -n);
	else if (off >= n)
		fuse_reply_buf(req, NULL, 0);
	else
		fuse_reply_buf(req, buf + off,
			       size < (size_t)(n - off) ? size
							: (size_t)(n - off));
}

static void write_attr(fuse_req_t req, struct tb_place p, const char *buf,
		       size_t size)
{
	struct tb_object o = tb_place_object(p);
	char text[4097];
	size_t n = size > 4096 ? 4096 : size;
	int error;

	memcpy(text, buf, n);
	text[n] = '\0';
	pthread_mutex_lock(&tb_lock);
	error = tb_attr_store(&o, tb_attr_of(o.kind, p.attr), text);
	pthread_mutex_unlock(&tb_lock);
	if (error)
		fuse_reply_err(req, -error);
	else
		fuse_reply_write(req, size);
}

static void fs_write(fuse_req_t req, fuse_ino_t ino, const char *buf,
		     size_t size, off_t off, struct fuse_file_info *fi)
{
	uint64_t arrival = tb_clock_request();
	struct tb_place p = tb_place_of_ino(ino);
	int n;

	(void)off;
	if (p.kind == TB_PLACE_ATTR) {
		write_attr(req, p, buf, size);
		return;
	}
	n = tb_node_write(client_of(fi), fuse_req_ctx(req)->pid, buf, size,
			  arrival);
	if (n < 0)
		fuse_reply_err(req, -n);
	else
		fuse_reply_write(req, (size_t)n);
	/* What the page cache kept of it would make a portal readable. */
	if (!fi->direct_io && tb_world.submit == TB_SUBMIT_MMAP)
		fuse_lowlevel_notify_inval_inode(tb_fuse_session, ino, 0, 0);
}

/* The handle comes only with the first poll of those who will wait. */
static void fs_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		    struct fuse_pollhandle *handle)
{
	struct tb_place p = tb_place_of_ino(ino);

	(void)fi;
	if (p.kind == TB_PLACE_NODE)
		fuse_reply_poll(req, tb_poll(tb_place_wq(p), handle));
	else
		fuse_reply_err(req, ENOSYS);
}

static void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	if (client_of(fi))
		tb_node_flush(client_of(fi), fuse_req_ctx(req)->pid);
	fuse_reply_err(req, 0);
}

static void fs_release(fuse_req_t req, fuse_ino_t ino,
		       struct fuse_file_info *fi)
{
	(void)ino;
	if (client_of(fi))
		tb_node_release(client_of(fi));
	fuse_reply_err(req, 0);
}

const struct fuse_lowlevel_ops tb_fuse_ops = {
	.lookup = fs_lookup,
	.getattr = fs_getattr,
	.setattr = fs_setattr,
	.readlink = fs_readlink,
	.readdir = fs_readdir,
	.open = fs_open,
	.read = fs_read,
	.write = fs_write,
	.poll = fs_poll,
	.flush = fs_flush,
	.release = fs_release,
};
