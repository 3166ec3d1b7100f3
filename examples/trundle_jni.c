/* SPDX-License-Identifier: Apache-2.0 */
/* SPDX-FileCopyrightText: 2026 The Trundle Authors */
/* libtrundle for Cart.java: open, cells, code, tick, receipt, close. Errors become exceptions. */
#include <jni.h>
#include <string.h>
#include <trundle/trundle.h>

static struct trundle *cart_of(jlong handle) { return (struct trundle *)(intptr_t)handle; }
static void throw_java(JNIEnv *env, const char *what) { (*env)->ThrowNew(env, (*env)->FindClass(env, "java/lang/IllegalArgumentException"), what); }
static void push(JNIEnv *env, jlong cart, jlong t_ns, struct trundle_message *m)
{
    struct trundle_error err = { 0 };
    m->sensed_ns = m->log_ns = t_ns;
    if (trundle_push(cart_of(cart), m, &err) != TRUNDLE_OK) throw_java(env, err.what);
    for (struct trundle_message out; trundle_poll(cart_of(cart), &out) == TRUNDLE_OK;) {}    /* a real face shows the decisions */
}
JNIEXPORT jlong JNICALL Java_Cart_open(JNIEnv *env, jclass c, jbyteArray cart_json, jbyteArray catalog_json)
{
    jbyte *a = (*env)->GetByteArrayElements(env, cart_json, NULL), *b = (*env)->GetByteArrayElements(env, catalog_json, NULL);
    struct trundle_setup setup = { .cart_json = { (char *)a, (size_t)(*env)->GetArrayLength(env, cart_json) },
                                   .catalog_json = { (char *)b, (size_t)(*env)->GetArrayLength(env, catalog_json) } };
    struct trundle_error err = { 0 };
    struct trundle *cart = NULL;
    enum trundle_status status = trundle_open(&setup, &cart, &err);
    (*env)->ReleaseByteArrayElements(env, cart_json, a, JNI_ABORT), (*env)->ReleaseByteArrayElements(env, catalog_json, b, JNI_ABORT);
    if (status != TRUNDLE_OK) throw_java(env, err.what);
    return (void)c, (jlong)(intptr_t)cart;
}
JNIEXPORT void JNICALL Java_Cart_cells(JNIEnv *env, jclass c, jlong cart, jlong t_ns, jintArray raw)
{
    struct trundle_message m = { .channel = TRUNDLE_CELL, .cell.n = TRUNDLE_CELLS_MAX };
    (*env)->GetIntArrayRegion(env, raw, 0, TRUNDLE_CELLS_MAX, m.cell.raw), (void)c, push(env, cart, t_ns, &m);
}
JNIEXPORT void JNICALL Java_Cart_code(JNIEnv *env, jclass c, jlong cart, jlong t_ns, jstring code)
{
    struct trundle_message m = { .channel = TRUNDLE_CODE, .code.source = TRUNDLE_CODE_SCANNER };
    jsize n = (*env)->GetStringUTFLength(env, code);
    if (n >= TRUNDLE_CODE_TEXT) { throw_java(env, "the code is too long"); return; }
    (*env)->GetStringUTFRegion(env, code, 0, (*env)->GetStringLength(env, code), m.code.text);
    m.code.text_bytes = (uint16_t)n, (void)c, push(env, cart, t_ns, &m);
}
JNIEXPORT void JNICALL Java_Cart_tick(JNIEnv *env, jclass c, jlong cart, jlong t_ns)
{
    struct trundle_message m = { .channel = TRUNDLE_TICK };
    (void)c, push(env, cart, t_ns, &m);
}
JNIEXPORT jstring JNICALL Java_Cart_receipt(JNIEnv *env, jclass c, jlong cart)
{
    char text[1 << 14];
    size_t n;
    if (trundle_receipt_text(cart_of(cart), text, sizeof text, &n) != TRUNDLE_OK) throw_java(env, "no receipt");
    else return (*env)->NewStringUTF(env, text);
    return (void)c, (jstring)NULL;
}
JNIEXPORT void JNICALL Java_Cart_close(JNIEnv *env, jclass c, jlong cart) { (void)env, (void)c, trundle_close(cart_of(cart)); }
